"""Consent: which customers' data may be processed, for which purpose."""
