"""Migrations in the order of their numbers. One that was applied never changes."""
