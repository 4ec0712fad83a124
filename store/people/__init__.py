"""Customers, contracts, consents, keys and sessions, and the customer that a device belongs to."""
