"""Composes the processes: which servers they use, and what runs in them."""
