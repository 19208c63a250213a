"""Networks from where users have them: input-output tables, lists of sales, shares of providers, or drawn at random.

Each reader answers with an ``Imported``: a ``Network`` like that of a case, what final buyers take, and what was left
out. ``allow`` says what the law permits on it, so that the cascade and the optimum run on it as on a case.
"""

from detente.impact.sources.drawn import random_network
from detente.impact.sources.edges import from_edges
from detente.impact.sources.eto import from_eto
from detente.impact.sources.imported import Imported, allow, sales_where
from detente.impact.sources.mrio import from_mrio

__all__ = ["Imported", "allow", "from_edges", "from_eto", "from_mrio", "random_network", "sales_where"]
