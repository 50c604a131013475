"""Who is told what because of which fact, and what becomes of a message. Pure."""
