"""Queries for API, pages and commands over features and casework."""
