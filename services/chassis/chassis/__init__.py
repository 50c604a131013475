"""What every service stands on; it knows what a fact is, but no fact by name."""
