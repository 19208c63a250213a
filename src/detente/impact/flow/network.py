"""The network of the flow model: who sells what to whom, measured once and laid out for the compiled loops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from detente.impact.calibration import NetworkError, amounts, label_codes, numbers
from detente.impact.flow._kernels import CRITICAL
from detente.impact.flow.arrays import F64, I8, I32, I64, Net

DAYS_A_YEAR = 365.0  # as in the two reference programs
EMPTY = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class FlowNetwork:
    """Units, the goods that flow between them in a day, and the stocks they keep.

    Attributes:
        n: number of units.
        net: the arrays that the loops read; amounts in money a day.
        place: E, the place in ``net`` of each link as it was given; links made of a table are in the order of ``net``.
        cell: E, the stock cell of each link, in the order of ``net``; empty for a table.
        item_of_cell: C, number of the item that a cell holds.

    """

    n: int
    net: Net
    place: I64
    cell: I32
    item_of_cell: I32

    @property
    def n_links(self) -> int:
        """Links, those of newcomers too."""
        return int(self.net.weight.size)

    @property
    def output(self) -> F64:
        """Output of each unit, money a day."""
        return self.net.output

    @classmethod
    def of(
        cls, n: int, seller: ArrayLike, buyer: ArrayLike, value: ArrayLike, item: ArrayLike, *,
        link_class: ArrayLike | int = CRITICAL, output: ArrayLike | None = None, final: ArrayLike | None = None,
        stock_days: ArrayLike | float = 15.0, tau: ArrayLike | float = 6.0, hold_days: ArrayLike | float = 1.0,
        reach: ArrayLike | None = None, a_stock_for: str = "item", days_a_year: float = DAYS_A_YEAR,
    ) -> FlowNetwork:  # fmt: skip
        """Lay a list of links out.

        Args:
            n: number of units, numbered from 0.
            seller, buyer: E unit numbers.
            value: E, money a year (of ``days_a_year`` days). A link of value 0 is a newcomer, asked only once a
                restriction has lasted its qualification time.
            item: n labels of what each unit makes.
            link_class: E or one for all: 2 critical, 1 important, 0 does not bind; one class for an item and buyer.
            output: n, money a year; at least the sales. None: sales and final demand.
            final: n, final demand, money a year. None: output less sales, or nothing.
            stock_days: target stock in days of use, E or one for all, the same for all links of a cell.
            tau: days in which a gap in stock is closed, likewise.
            hold_days: days of use that must lie in stock for a day's output (1: a day's own use), likewise.
            reach: E, money a year: how much of an order that finds no place elsewhere a link draws. None: as ``value``.
            a_stock_for: "item" keeps one stock of each item; "link" one for every link, its goods used up in
                proportion within the item (Inoue and Todo).
            days_a_year: as said.

        Raises:
            NetworkError: something given has not this shape, kind or range.

        Example:
            >>> net = FlowNetwork.of(2, [0], [1], [365.0], ["lens", "phone"], final=[0.0, 730.0])
            >>> net.output
            array([1., 2.])

        """
        sell, buy = _units("seller", seller, n), _units("buyer", buyer, n)
        n_links = sell.size
        worth = amounts("value", value, n_links) / days_a_year
        if buy.size != n_links:
            raise NetworkError(f"buyer: got {buy.size} entries; expected {n_links}, as for seller")
        if a_stock_for not in ("item", "link"):
            raise NetworkError(f"a_stock_for: got {a_stock_for!r}; expected 'item' or 'link'")
        code, _ = label_codes("item", item, n)
        group = buy * (int(code.max(initial=0)) + 1) + code[sell]
        order = np.lexsort((sell, group))
        groups, first = np.unique(group[order], return_index=True)
        by_item = a_stock_for == "item"
        cell_start = first if by_item else np.arange(n_links)
        n_cells = cell_start.size
        maker, weight = sell[order].astype(np.int32), worth[order]
        link_ptr = np.append(cell_start, n_links).astype(np.int32)
        cell = np.repeat(np.arange(n_cells, dtype=np.int32), np.diff(link_ptr))
        said = {"stock_days": stock_days, "tau": tau, "hold_days": hold_days, "link_class": link_class}
        rows = [_each(name, got, n_links)[order] for name, got in said.items()]
        for name, row in zip(("stock_days", "tau", "hold_days"), rows, strict=False):
            _one_each(name, row, cell_start, cell)
        _one_each("link_class", rows[3], first, np.repeat(np.arange(first.size), np.diff(np.append(first, n_links))))
        table, pace = np.unique(np.column_stack([row[cell_start] for row in rows[:3]]), axis=0, return_inverse=True)
        if table.size and (table[:, 1] < 1.0).any():
            raise NetworkError(f"tau: got {table[:, 1].min()}; expected at least one day")
        sales = np.bincount(sell, worth, n).astype(np.float64)
        out, last = _output(n, sales, output, final, days_a_year)
        net = Net(
            output=out,
            final=last,
            group_ptr=np.searchsorted(groups // (int(code.max(initial=0)) + 1), np.arange(n + 1)).astype(np.int64),
            cell_ptr=(np.arange(first.size + 1) if by_item else np.append(first, n_links)).astype(np.int32),
            binds=rows[3][first].astype(np.int8),
            link_from=link_ptr[:-1],
            link_to=link_ptr[1:],
            use=np.bincount(cell, weight, n_cells).astype(np.float64) if by_item else weight.copy(),
            pace=pace.astype(np.int32),
            days=np.ascontiguousarray(table[:, 0]),
            tau=np.ascontiguousarray(table[:, 1]),
            hold=np.ascontiguousarray(table[:, 2]),
            weight=weight,
            maker=maker,
            maker_at=EMPTY,
            reach=np.empty(0) if reach is None else amounts("reach", reach, n_links)[order] / days_a_year,
            **_by_seller(n, maker, cell, weight),
        )
        place = np.empty(n_links, np.int64)
        place[order] = np.arange(n_links)
        return cls(n, net, place, cell, code[sell[order[cell_start]]].astype(np.int32))

    @classmethod
    def table(
        cls, Z: ArrayLike, item: ArrayLike, *, output: ArrayLike, final: ArrayLike, stock_days: ArrayLike,
        tau: ArrayLike, hold_days: ArrayLike, binds: ArrayLike, days_a_year: float = DAYS_A_YEAR,
    ) -> FlowNetwork:  # fmt: skip
        """Lay a dense table of sales out (row = seller, column = buyer), money a year, without a list of links.

        ``item`` has n labels; ``stock_days``, ``tau`` and ``hold_days`` a value for each of its K items (sorted),
        ``binds`` a class for each item and buyer (K x n). Makers of an item are one list that all buyers share, so a
        link costs the eight bytes of its amount.
        """
        amount = np.asarray(Z, dtype=np.float64)
        n = amount.shape[0]
        code, labels = label_codes("item", item, n)
        K = labels.size
        makers = np.argsort(code, kind="stable")
        starts = np.searchsorted(code[makers], np.arange(K + 1))
        weight, use = np.empty(n * n), np.empty((n, K))
        for k in range(K):
            mine = weight[n * starts[k] : n * starts[k + 1]].reshape(n, -1)
            np.divide(amount[makers[starts[k] : starts[k + 1]]].T, days_a_year, out=mine)
            mine.sum(axis=1, out=use[:, k])
        link_from = (n * starts[:-1] + np.arange(n)[:, None] * np.diff(starts)).reshape(-1)
        net = Net(
            output=numbers("output", output) / days_a_year,
            final=numbers("final", final) / days_a_year,
            group_ptr=np.arange(n + 1, dtype=np.int64) * K,
            cell_ptr=np.arange(n * K + 1, dtype=np.int32),
            binds=np.ascontiguousarray(np.asarray(binds, dtype=np.int8).T).reshape(-1),
            link_from=link_from.astype(np.int32),
            link_to=(link_from + np.tile(np.diff(starts), n)).astype(np.int32),
            use=use.reshape(-1),
            pace=np.tile(np.arange(K, dtype=np.int32), n),
            days=_per_item("stock_days", stock_days, K),
            tau=_per_item("tau", tau, K),
            hold=_per_item("hold_days", hold_days, K),
            weight=weight,
            maker=makers.astype(np.int32),
            maker_at=np.tile(starts[:-1], n).astype(np.int32),
            reach=np.empty(0),
            seller_ptr=np.empty(0, np.int64),
            seller_link=EMPTY,
            seller_cell=EMPTY,
            seller_weight=np.empty(0),
        )
        return cls(n, net, np.empty(0, np.int64), EMPTY, np.tile(np.arange(K, dtype=np.int32), n))

    def with_clients(self) -> FlowNetwork:
        """The same network with every seller's links listed too.

        A table needs them for rationing by level and recovery by neighbours; its days then take far longer.
        """
        if self.net.seller_ptr.size:
            return self
        net, n = self.net, self.n
        links = net.link_to - net.link_from
        by_place = np.argsort(net.link_from, kind="stable")
        cell = np.repeat(by_place, links[by_place]).astype(np.int32)
        maker = net.maker[net.maker_at[cell] + np.arange(cell.size) - net.link_from[cell]]
        return replace(self, net=net._replace(**_by_seller(n, maker, cell, net.weight)))


def _by_seller(n: int, maker: I32, cell: I32, weight: F64) -> dict[str, Any]:
    """The links by seller, each seller's in the order of cells."""
    order = np.argsort(maker, kind="stable").astype(np.int32)
    ptr = np.concatenate(([0], np.cumsum(np.bincount(maker, minlength=n)))).astype(np.int64)
    return {"seller_ptr": ptr, "seller_link": order, "seller_cell": cell[order], "seller_weight": weight[order]}


def _units(name: str, given: ArrayLike, n: int) -> I64:
    got = np.asarray(given)
    if got.size == 0:
        return np.empty(0, np.int64)
    if got.ndim != 1 or got.dtype.kind not in "iu" or not 0 <= got.min() <= got.max() < n:
        raise NetworkError(f"{name}: expected a list of unit numbers from 0 to {n - 1}, got {got[:5]}")
    return got.astype(np.int64)


def _each(name: str, given: ArrayLike | float, size: int) -> F64:
    got = numbers(name, given)
    return np.full(size, float(got)) if got.ndim == 0 else amounts(name, got, size)


def _one_each(name: str, row: F64, start: npt.NDArray[np.intp] | I64, of: npt.NDArray[np.integer]) -> None:
    wrong = np.flatnonzero(row != row[start][of])
    if wrong.size:
        raise NetworkError(f"{name}: links of one item and buyer have {row[wrong[0]]} and others; expected one value")


def _per_item(name: str, given: ArrayLike, size: int) -> F64:
    got = numbers(name, given)
    return np.full(size, float(got)) if got.ndim == 0 else amounts(name, got, size)


def _output(
    n: int, sales: F64, output: ArrayLike | None, final: ArrayLike | None, days_a_year: float
) -> tuple[F64, F64]:
    """Output and final demand a day from whichever was given."""
    if output is None:
        last = np.zeros(n) if final is None else amounts("final", final, n) / days_a_year
        return sales + last, last
    out = amounts("output", output, n) / days_a_year
    if final is not None:
        return out, amounts("final", final, n) / days_a_year
    wrong = np.flatnonzero(sales > out * (1 + 1e-6) + 1e-300)
    if wrong.size:
        i = wrong[0]
        raise NetworkError(f"output: unit {i} sells {sales[i]} a day of {out[i]}; expected output to be no less")
    return np.maximum(out, sales), np.maximum(out - sales, 0.0)


def group_of_cells(network: FlowNetwork) -> tuple[I64, I64]:
    """Buyer and item of every stock cell."""
    groups = np.repeat(np.arange(network.n), np.diff(network.net.group_ptr))
    cells = np.repeat(groups, np.diff(network.net.cell_ptr))
    return cells, network.item_of_cell.astype(np.int64)


__all__ = ["DAYS_A_YEAR", "I8", "FlowNetwork", "group_of_cells"]
