"""The data of ingest: samples, features, carry, offsets, ledger, dead letters."""
