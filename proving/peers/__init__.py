"""Other programs that a proof compares with; each runs in an environment of its own."""
