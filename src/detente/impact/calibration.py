"""A network measured once: what each sale is to its buyer and to its seller."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from detente.impact._kernels import F64, I32, I64, Links, Orders
from detente.record import DetenteError

NEGLIGIBLE, ORDINARY, CRITICAL = 0, 1, 2


class NetworkError(DetenteError, ValueError):
    """What was given cannot be a network, a shock on it, or a rule for it.

    The message says what was got, what was expected and what to do.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The links as the compiled loops read them, and the way back to the order of `Calibration.seller`."""

    links: Links
    orders: Orders
    input_of: I32  # per link; -1 where it binds nothing
    down_order: I64  # link of each place in `links.down_*`
    up_order: I64


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A network with the share of each sale in its buyer's inputs and in its seller's sales.

    Every array of links is in the order of `seller` and `buyer`: by seller, then buyer, where `calibrate` made it; as
    given where `calibrate_links` did. All are read-only.

    Attributes:
        n: number of firms.
        seller, buyer: firm indices, one per link.
        value: sales a year, in any one currency.
        link_class: 0 negligible, 1 ordinary (binds by its share), 2 critical (binds fully).
        group: number of the input the link is part of: one buyer, one item.
        share_down: part of the buyer's output lost with this sale (Lambda d).
        share_up: part of the seller's output lost with this sale (Lambda u).
        sales: sales of each firm inside the network, in the currency of `value`.
        layout: the same links as the compiled loops read them.

    """

    n: int
    seller: I64
    buyer: I64
    value: F64
    link_class: NDArray[np.int8]
    group: I64
    share_down: F64
    share_up: F64
    sales: F64
    layout: Layout


def calibrate(
    W: Any,
    industry: ArrayLike,
    essential: ArrayLike,
    *,
    costs: ArrayLike | None = None,
    revenue: ArrayLike | None = None,
) -> Calibration:
    """Measure a sales matrix whose inputs are classed industry by industry.

    Args:
        W: n x n sparse (or dense) sales a year, row = seller, column = buyer, any one currency. Entries given twice
            are summed. A sale to oneself stays.
        industry: n labels that can be sorted (integers or text); firms of one industry make one product.
        essential: m x m of 0, 1 or 2 in the order of `np.unique(industry)`, row = industry of the seller, column =
            industry of the buyer. 2 critical: the buyer stops without it. 1 ordinary: the buyer loses its share of all
            purchases. 0 negligible. Industries that do not occur must be left out, so that no row can slip.
        costs: n, costs of each firm in the same currency, where they exceed its purchases in W: an input then binds by
            its share of costs. None, or NaN for a firm: its purchases.
        revenue: n, likewise for sales. None, or NaN for a firm: its sales.

    Raises:
        NetworkError: a shape, a class, a label or an amount is not of this kind.

    Example:
        >>> import numpy as np
        >>> from scipy import sparse
        >>> W = sparse.coo_array(([3.0, 1.0], ([0, 1], [2, 2])), shape=(3, 3))
        >>> calibrate(W, ["part", "part", "phone"], np.full((2, 2), 2)).share_down
        array([0.75, 0.25])

    Source: Diem, Borsos, Reisch, Kertész, Thurner 2022, doi 10.1038/s41598-022-11522-z, methods.

    """
    try:
        table = sparse.csr_array(sparse.coo_array(W, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise NetworkError(f"W: got {type(W).__name__}; expected a sparse n x n matrix of sales ({error})") from error
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise NetworkError(f"W: got shape {table.shape}; expected n x n, row = seller, column = buyer")
    n = int(table.shape[0])
    if not n:
        raise NetworkError("W: got 0 x 0; expected at least one firm")
    table.sum_duplicates()
    table.eliminate_zeros()
    code, labels = label_codes("industry", industry, n)
    m = labels.size
    classes = np.asarray(essential)
    if classes.shape != (m, m):
        raise NetworkError(
            f"essential: got shape {classes.shape}; expected {(m, m)}, a row and a column for each industry "
            f"that occurs, in the order of np.unique(industry): {', '.join(map(str, labels[:5]))}, ..."
        )
    if not np.isin(classes, (NEGLIGIBLE, ORDINARY, CRITICAL)).all():
        raise NetworkError(f"essential: got {np.unique(classes)[:6]}; expected only 0, 1 or 2")
    seller = np.repeat(np.arange(n), np.diff(table.indptr))
    buyer = table.indices.astype(np.int64)
    return calibrate_links(
        n, seller, buyer, table.data, code[seller], classes[code[seller], code[buyer]], costs=costs, revenue=revenue
    )


def calibrate_links(
    n: int,
    seller: ArrayLike,
    buyer: ArrayLike,
    value: ArrayLike,
    item: ArrayLike,
    link_class: ArrayLike,
    *,
    costs: ArrayLike | None = None,
    revenue: ArrayLike | None = None,
) -> Calibration:
    """Measure a list of links whose inputs are classed link by link.

    Args:
        n: number of firms.
        seller, buyer: firm indices from 0 to n - 1, one per link; a pair occurs once.
        value: sales a year per link, not negative, any one currency.
        item: label of what is sold, one per link. Links with the same buyer and item are one input: its sellers can
            stand in for one another.
        link_class: 0 negligible, 1 ordinary, 2 critical, one per link, the same for all links of an input.
        costs, revenue: as in `calibrate`.

    Raises:
        NetworkError: lengths differ, an index is out of range, a pair occurs twice, an amount is negative or not a
            number, or an input has links of two classes.

    Example:
        >>> calibrate_links(3, [0, 1], [2, 2], [3.0, 1.0], ["chip", "case"], [2, 1]).share_down
        array([1.  , 0.25])

    Source: the design's own; the shares are those of Diem et al. 2022.

    """
    if n < 1:
        raise NetworkError(f"n: got {n}; expected at least one firm")
    seller, buyer = _firms("seller", seller, n), _firms("buyer", buyer, n)
    n_links = seller.size
    value = amounts("value", value, n_links)
    given = np.asarray(link_class)
    if buyer.size != n_links or given.shape != (n_links,):
        raise NetworkError(f"got {n_links} sellers, {buyer.size} buyers, classes {given.shape}; expected one per link")
    if not np.isin(given, (NEGLIGIBLE, ORDINARY, CRITICAL)).all():
        raise NetworkError(f"classes: got {np.unique(given)[:6]}; expected only 0 negligible, 1 ordinary, 2 critical")
    if np.unique(seller * n + buyer).size != n_links:
        raise NetworkError("seller, buyer: some pair occurs twice; expected one link a pair: sum their value first")
    kind = given.astype(np.int8)
    code, items = label_codes("item", item, n_links)
    inputs, first, group = np.unique(buyer * max(items.size, 1) + code, return_index=True, return_inverse=True)
    mixed = np.flatnonzero(kind != kind[first[group]])
    if mixed.size:
        e = mixed[0]
        raise NetworkError(
            f"classes: firm {buyer[e]} buys {items[code[e]]} both as class {kind[first[group[e]]]} and {kind[e]}; "
            "expected one class for an input: split the item or choose one"
        )
    sales = _sum(seller, value, n)
    bought = _sum(buyer, value, n)
    whole = np.where(kind == CRITICAL, _sum(group, value, inputs.size)[group], _base("costs", costs, bought)[buyer])
    share_down = _share(np.where(kind == NEGLIGIBLE, 0.0, value), whole)
    if costs is not None:  # critical inputs weigh less, too, where purchases are only part of the costs
        damped = _share(bought, _base("costs", costs, bought))[buyer]
        share_down = np.where(kind == CRITICAL, share_down * damped, share_down)
    share_up = _share(value, _base("revenue", revenue, sales)[seller])
    layout = _layout(n, seller, buyer, kind, group, share_down, share_up)
    for array in (seller, buyer, value, kind, group, share_down, share_up, sales):
        array.flags.writeable = False
    return Calibration(n, seller, buyer, value, kind, group, share_down, share_up, sales, layout)


def label_codes(name: str, labels: ArrayLike, n: int) -> tuple[I64, NDArray[Any]]:
    """Number n labels in sorted order; return the numbers and the sorted labels."""
    given = np.asarray(labels)
    if given.shape != (n,):
        raise NetworkError(f"{name}: got shape {given.shape}; expected {n} labels, one each")
    if given.dtype.kind == "f" and np.isnan(given).any():
        raise NetworkError(f"{name}: got NaN at {np.flatnonzero(np.isnan(given))[0]}; expected a label for each")
    try:
        unique, code = np.unique(given, return_inverse=True)
    except TypeError as error:
        raise NetworkError(f"{name}: labels cannot be sorted ({error}); expected all integers or all text") from error
    return code.astype(np.int64), unique


def numbers(name: str, values: ArrayLike) -> F64:
    """Return a fresh array of numbers."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{name}: got {type(values).__name__}; expected numbers ({error})") from error


def amounts(name: str, values: ArrayLike, size: int) -> F64:
    """Return a fresh array of `size` finite amounts that are not negative."""
    given = numbers(name, values)
    if given.shape != (size,):
        raise NetworkError(f"{name}: got shape {given.shape}; expected ({size},)")
    wrong = np.flatnonzero(~(np.isfinite(given) & (given >= 0)))
    if wrong.size:
        raise NetworkError(f"{name}: got {given[wrong[0]]} at {wrong[0]}; expected a finite amount, not negative")
    return given


def _firms(name: str, values: ArrayLike, n: int) -> I64:
    given = np.asarray(values)
    if given.size == 0:
        given = given.astype(np.int64)
    if given.ndim != 1 or given.dtype.kind not in "iu" or (given.size and not 0 <= given.min() <= given.max() < n):
        raise NetworkError(f"{name}: expected a list of firm indices from 0 to {n - 1}, got {given[:5]}")
    return given.astype(np.int64)


def _base(name: str, given: ArrayLike | None, own: F64) -> F64:
    """Return what shares are taken of: the amount given, or the firm's own total where none is."""
    if given is None:
        return own
    value = numbers(name, given)
    if value.shape != own.shape:
        raise NetworkError(f"{name}: got shape {value.shape}; expected {own.shape}")
    value = np.where(np.isnan(value), own, value)
    wrong = np.flatnonzero(~np.isfinite(value) | (value < 0) | ((value == 0) & (own > 0)))
    if wrong.size:
        i = wrong[0]
        raise NetworkError(f"{name}: got {value[i]} for firm {i} against {own[i]} in W; expected more than 0, or NaN")
    return value


def _sum(ids: I64, value: F64, n: int) -> F64:
    return np.bincount(ids, value, n).astype(np.float64)  # without links numpy counts in integers


def _share(part: F64, whole: F64) -> F64:
    share: F64 = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return share


def _starts(sorted_ids: I64, n: int) -> I64:
    return np.searchsorted(sorted_ids, np.arange(n + 1)).astype(np.int64)


def _layout(
    n: int, seller: I64, buyer: I64, kind: NDArray[np.int8], group: I64, share_down: F64, share_up: F64
) -> Layout:
    binds = np.flatnonzero(kind != NEGLIGIBLE)
    width = int(group.max(initial=0)) + 2
    key = buyer[binds] * width + np.where(kind[binds] == CRITICAL, group[binds] + 1, 0)
    inputs, number = np.unique(key, return_inverse=True)
    input_of = np.full(seller.size, -1, np.int32)
    input_of[binds] = number
    down = binds[np.lexsort((number, seller[binds]))]
    by_input = binds[np.lexsort((seller[binds], number))]
    up = np.lexsort((seller, buyer))
    links = Links(
        input_ptr=_starts(inputs // width, n),
        down_ptr=_starts(seller[down], n),
        down_input=input_of[down],
        down_buyer=buyer[down].astype(np.int32),
        down_share=share_down[down],
        up_ptr=_starts(buyer[up], n),
        up_seller=seller[up].astype(np.int32),
        up_share=share_up[up],
        in_ptr=_starts(input_of[by_input].astype(np.int64), inputs.size),
        in_seller=seller[by_input].astype(np.int32),
        in_share=share_down[by_input],
    )
    return Layout(links, _orders(n, seller, buyer, share_up), input_of, down, up)


def _orders(n: int, seller: I64, buyer: I64, share_up: F64) -> Orders:
    """Order the links for lanes: sellers with as many buyers together, so that the loop over them is foreseen."""
    n_buyers, n_sellers = np.bincount(seller, minlength=n), np.bincount(buyer, minlength=n)
    firm = np.lexsort((-n_sellers, np.where(n_buyers > 0, n_buyers, n + 1)))
    row = np.empty(n, np.int64)
    row[firm] = np.arange(n)
    order = np.lexsort((row[buyer], row[seller]))
    return Orders(
        row=row.astype(np.int32),
        firm=firm.astype(np.int32),
        ptr=_starts(row[seller[order]], int((n_buyers > 0).sum())),
        buyer=row[buyer[order]].astype(np.int32),
        share=share_up[order],
    )
