"""`tachowatt demo`: simulated devices, receivers and users around the real service."""

ACCESS_FILE = "access.json"
"""Address and keys of the demo, in its state directory, for its owner only."""
