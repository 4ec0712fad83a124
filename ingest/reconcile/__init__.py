"""Recomputes features of devices whose stored samples changed."""
