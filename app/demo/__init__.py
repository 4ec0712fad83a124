"""`tachowatt demo`: simulated devices, receivers and users around the real service."""
