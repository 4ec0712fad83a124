"""Contacts of simulated households under a contact policy, checked by a plain oracle."""
