"""Measurements of the whole and its parts."""
