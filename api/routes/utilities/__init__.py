"""What utilities ask: meters, alerts and their stream."""
