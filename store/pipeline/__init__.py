"""What ingest reads and writes: samples, features, carry, offsets, ledger, dead letters."""
