"""What files of rules share: their form, and conditions in CEL."""
