"""What a change of the law, of the facts or of the day does to sales, and why."""
