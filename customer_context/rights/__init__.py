"""Rights of customers: deadlines by law."""
