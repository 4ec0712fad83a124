"""What measurements ask of the store, and how they fill it."""
