"""The views of portfolio, one file for each question it answers."""
