"""Relevance: what matters about a customer now, and why."""
