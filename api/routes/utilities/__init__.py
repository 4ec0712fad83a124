"""Routes for utilities: meters, alerts and their stream."""
