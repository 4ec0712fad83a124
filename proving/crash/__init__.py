"""The crash kernel over a simulated population."""
