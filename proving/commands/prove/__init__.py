"""Compare rules with their oracles over random input; a broken rule must be found."""
