"""Who may sell what to whom, on which day, and why."""

from detente.decide.permits import Permits, permits
from detente.decide.sale import find_sales
from detente.decide.table import check
from detente.decide.verdict import Verdict, explain, verdict

__all__ = ["Permits", "Verdict", "check", "explain", "find_sales", "permits", "verdict"]
