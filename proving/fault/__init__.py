"""`tachowatt fault`: faults under load, and checks that they leave no trace."""
