"""Who counts as owned: parties held by listed parties up to the line of a dated rule, from the shares of one day.

Two least fixed points: of the low ends of the shares and the certain owners (owned for certain), and of the high ends
and the possible owners (may be owned). Both start from the listed parties alone, so parties that hold only each other
are never owned, and cycles and cross-holdings do no harm. A rule that adds up its owners is run once for all of them;
one that does not, once for each listed party, whose direct and indirect holdings are its own.

Sources: OFAC guidance of 13 August 2014 and FAQ 398 to 402; Russia (Sanctions) (EU Exit) Regulations 2019, schedule 1.
"""

from detente.decide.ownership.look_through import look_through
from detente.decide.ownership.owned import owned
from detente.decide.ownership.shares import Held, Share

__all__ = ["Held", "Share", "look_through", "owned"]
