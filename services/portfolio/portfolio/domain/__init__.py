"""Decisions and folds; pure."""
