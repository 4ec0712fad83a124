"""Queries of API, pages and commands over features and casework."""
