"""What was told to whom, and who is who."""
