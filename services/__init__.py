"""Use cases: read from store, decide in customer_context, write to store. One file each; called
by pages, API, playbooks and commands alike, in the transaction of the caller."""
