"""Measures and tries the product: benches, faults, judges. No part of it; nothing imports it."""
