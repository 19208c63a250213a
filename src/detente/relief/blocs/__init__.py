"""Packages that open sales of a network without a law of its own: imported networks, and blocs drawn at random."""
