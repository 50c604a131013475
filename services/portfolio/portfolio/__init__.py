"""The list of projects, ranked, assigned and followed."""
