"""Facts: typed values about a customer, with age, source, purpose and confidence."""
