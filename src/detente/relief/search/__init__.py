"""Packages found: every one of them, by a mixed-integer programme, or by evolution and local search."""
