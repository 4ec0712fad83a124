"""Who calls: questions from the record, how often one may try, and when a caller is verified."""
