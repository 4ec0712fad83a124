"""Other systems: what customers do in their channels."""
