"""Compares what was found and sent with the truth that the simulators know."""
