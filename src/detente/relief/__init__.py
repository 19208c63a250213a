"""What would be better: proposals, packages of them, and what each package does to each side."""
