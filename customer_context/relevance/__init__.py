"""Relevance: the items that matter about a customer now, with reasons."""
