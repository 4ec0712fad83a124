"""What operators ask: ledger, dead letters, health."""
