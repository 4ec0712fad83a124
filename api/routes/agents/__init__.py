"""What agents ask: customers, cases, contacts."""
