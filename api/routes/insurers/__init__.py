"""Routes for insurers: scores, trips."""
