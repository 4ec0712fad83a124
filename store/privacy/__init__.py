"""Personal data: where they are, whose they are, how long they stay and how they end."""
