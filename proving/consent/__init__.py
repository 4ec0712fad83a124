"""Random histories of customers, compared with the plain oracle of what consent allows."""
