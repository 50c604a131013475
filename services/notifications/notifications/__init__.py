"""Who is told what, in their language."""
