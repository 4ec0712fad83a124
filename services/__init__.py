"""Use cases: read from store, decide in customer_context, write to store. One file each.

Pages, API, playbooks and commands call them in their own transaction.
"""
