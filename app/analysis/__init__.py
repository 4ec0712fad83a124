"""Compute and plot the answers of the file commands."""
