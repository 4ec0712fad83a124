"""Next best action: which action to offer a customer now, by rules that explain themselves."""
