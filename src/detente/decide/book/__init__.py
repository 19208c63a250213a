"""An order book against the law: a million lines in seconds, each with the answer that one line alone would get."""

from detente.decide.book.book import Book, check_book
from detente.decide.book.lines import read_book

__all__ = ["Book", "check_book", "read_book"]
