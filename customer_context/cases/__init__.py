"""Cases and alerts: their states, and the changes that each state allows."""
