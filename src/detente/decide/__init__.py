"""Who may sell what to whom, on which day, and why."""

from detente.decide.book import Book
from detente.decide.permits import Permits, permits
from detente.decide.sale import find_sales
from detente.decide.table import check, order_book
from detente.decide.verdict import Verdict, explain, verdict

__all__ = ["Book", "Permits", "Verdict", "check", "explain", "find_sales", "order_book", "permits", "verdict"]
