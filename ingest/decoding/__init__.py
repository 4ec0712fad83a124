"""Decode bytes to samples: one decoder for each dialect, and a columnar fast path."""
