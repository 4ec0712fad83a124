"""Customers, contracts, consents, keys and sessions, and whom a device belongs to."""
