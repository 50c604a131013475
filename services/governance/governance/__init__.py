"""Directives, plans and CAB meetings, and who approved them."""
