"""``python -m detente.cli`` is ``detente``."""

from detente.cli import main

main()
