"""Sealed columns, the register of their keys, and their sealing with another key."""
