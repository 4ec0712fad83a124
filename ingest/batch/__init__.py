"""The steps of one batch, from messages to one transaction and its ledger entries."""
