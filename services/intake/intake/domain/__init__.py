"""What a ticket means, who may hand one over, and how the PM judges it; pure."""
