"""What a restriction costs, and to whom."""
