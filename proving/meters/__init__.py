"""What is found in meters of simulated or recorded homes with seeded anomalies and thefts."""
