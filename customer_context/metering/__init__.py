"""Readings that people give: are they plausible, and what is asked about one that is not."""
