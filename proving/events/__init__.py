"""Driving events over simulated drives with noise: recall and precision."""
