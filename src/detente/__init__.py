"""detente: who may still sell what to whom, what each restriction costs each side, what would be better."""

__version__ = "0.1.0"
