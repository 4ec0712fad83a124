"""Random case types and events, compared with the plain oracle."""
