"""Everything on one machine, from packages alone."""
