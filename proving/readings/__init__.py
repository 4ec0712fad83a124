"""The plausibility of readings, measured on simulated homes with seeded errors."""
