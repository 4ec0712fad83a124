"""Log to store: a batch of one partition, through its steps, in one transaction.

`partition/prepare.py` has the steps in their order; docs/architecture.md describes them.
"""
