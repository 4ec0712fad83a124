"""Routes for agents: customers, cases, contacts."""
