"""How often a customer may be contacted."""
