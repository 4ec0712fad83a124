"""Cases and alerts: their states, and which change a state allows."""
