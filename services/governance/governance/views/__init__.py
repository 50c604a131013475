"""What governance shows, each view one file named for what it answers."""
