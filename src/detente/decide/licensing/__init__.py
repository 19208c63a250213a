"""Licences: what each covers, what is drawn on it, how it stands on a day, and what is left."""
