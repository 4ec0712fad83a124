"""`tachowatt fault`: faults under load, and the checks that nothing of them is left."""
