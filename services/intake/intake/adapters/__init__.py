"""One file for each way a ticketing system speaks to us, and one for what they all say."""
