"""Networks of firms drawn at random, like those found in practice: for tests, benchmarks and trying things out."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from detente.impact.calibration import NetworkError
from detente.impact.sources.imported import NO_DAY, Floats, Imported, Ints, left_out, network_of

TAIL = 1.6  # exponent of the sizes' tail; degrees take it over
SIDES = {"a": 0.4, "b": 0.35, "third": 0.25}
CLASS_SHARES = (0.4, 0.35, 0.25)  # of pairs of industries: other, important, critical
VALUE_ADDED_LEAST = 0.2  # of output


def random_network(
    n: int, links_per_firm: float = 3.0, industries: int = 100, seed: int = 0, *, day: dt.date = NO_DAY
) -> Imported:
    """Draw a network of n firms, the same for the same arguments.

    Sizes have a Pareto tail, and firms are drawn as sellers and buyers by size, so that few firms have most links.
    Sales are log-normal about the size of both ends; nobody sells to itself, and no pair has two links. Industries
    follow Zipf's law, and each pair of them has one class of input. A firm's output is its sales and a log-normal part
    to final buyers, and at least 1.25 times its purchases. Sides ``a``, ``b`` and ``third`` are drawn by firm.

    Args:
        n: firms, up to some millions.
        links_per_firm: links asked for, by firm; pairs drawn twice are one, so that there are some fewer.
        industries: how many; one industry makes one item.
        seed: of the generator.
        day: the day the network is of.

    Raises:
        NetworkError: an argument is out of range.

    Example:
        >>> random_network(1000, seed=1).network.units.height
        1000

    Source: the shape of firm networks in Bacilieri, Borsos, Astudillo-Estévez, Lafond 2023 (heavy tails in degrees and
    strengths); the numbers are the authors' own.

    """
    if n < 2 or industries < 1 or not 0 <= links_per_firm <= max(n - 1, 1):
        raise NetworkError(
            f"got n = {n}, links_per_firm = {links_per_firm}, industries = {industries}; expected two firms or more, "
            "0 to n - 1 links a firm, and an industry or more"
        )
    draw = np.random.default_rng(seed)
    size = draw.pareto(TAIL, n) + 0.2
    seller, buyer = _pairs(draw, size, round(links_per_firm * n))
    value = np.exp(draw.normal(-1.0, 1.2, seller.size)) * np.sqrt(size[seller] * size[buyer])
    zipf = 1.0 / np.arange(1, industries + 1)
    industry = draw.choice(industries, n, p=zipf / zipf.sum())
    table = draw.choice(3, (industries, industries), p=CLASS_SHARES).astype(np.int8)
    sold = np.bincount(seller, value, n)
    bought = np.bincount(buyer, value, n)
    output = np.maximum(sold * (1.0 + np.exp(draw.normal(-1.0, 1.0, n))), bought / (1.0 - VALUE_ADDED_LEAST))
    output = np.where(output > 0, output, size)
    side = np.array(list(SIDES))[draw.choice(len(SIDES), n, p=list(SIDES.values()))]
    width = len(str(n - 1))
    units = pl.DataFrame({"k": np.arange(n), "i": industry, "side": side, "output_usd_m": output}).select(
        ("f" + pl.col("k").cast(pl.String).str.zfill(width)).alias("unit"),
        "side",
        pl.col("side").alias("country"),
        ("i" + pl.col("i").cast(pl.String)).alias("item"),
        "output_usd_m",
    )
    classes = table[industry[seller], industry[buyer]]
    network = network_of(units, seller, buyer, value, link_class=classes, day=day)
    return Imported(network, ("final",), np.maximum(output - sold, 0.0)[:, None], left_out([]))


def _pairs(draw: np.random.Generator, size: Floats, n_links: int) -> tuple[Ints, Ints]:
    """Pairs of firms drawn by size, each once, in order."""
    n = size.size
    buying = size * np.exp(draw.normal(0.0, 0.8, n))
    seller, buyer = _by_weight(draw, size, n_links), _by_weight(draw, buying, n_links)
    other = seller != buyer
    key = np.unique(seller[other] * n + buyer[other])
    return key // n, key % n


def _by_weight(draw: np.random.Generator, weight: Floats, k: int) -> npt.NDArray[np.int64]:
    edges = np.cumsum(weight)
    drawn: Ints = np.searchsorted(edges, draw.random(k) * edges[-1], side="right").astype(np.int64)
    return np.minimum(drawn, weight.size - 1)
