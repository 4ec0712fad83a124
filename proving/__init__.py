"""Benches, faults and judges: they measure the product, which never imports them."""
