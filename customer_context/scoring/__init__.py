"""Bands of the driving score, and the change that triggers a signal."""
