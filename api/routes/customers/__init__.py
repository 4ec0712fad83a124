"""Routes for customers: their own data, consents, inbox."""
