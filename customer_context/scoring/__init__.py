"""Bands of the driving score, and when a change is worth a message."""
