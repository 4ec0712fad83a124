"""Routes for operators: ledger, dead letters, health."""
