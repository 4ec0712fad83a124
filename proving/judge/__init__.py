"""Compares features and contacts with the truth of the simulators."""
