"""What insurers ask: scores, trips."""
