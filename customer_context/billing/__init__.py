"""Bills: what is owed by a tariff and readings, and why it is another amount than last year."""
