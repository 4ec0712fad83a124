"""What customers ask: their own data, consents, inbox."""
