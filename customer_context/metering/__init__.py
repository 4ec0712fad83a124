"""Readings that people give, and what a meter is expected to use: from its own past. Pure."""
