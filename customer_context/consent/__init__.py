"""Consent: who may be computed on, for which purpose."""
