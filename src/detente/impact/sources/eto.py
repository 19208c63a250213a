"""A network from shares of providers by production stage, in the layout of ETO's semiconductor supply chain tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from detente.impact.network import CLASSES
from detente.impact.sources.imported import NO_DAY, Imported, left_out, network_of
from detente.record import DetenteError, Problem, RecordError
from detente.record.problems import did_you_mean, show

TABLES: Mapping[str, tuple[str, ...]] = {
    "inputs": ("input_name", "input_id", "type"),
    "providers": ("provider_name", "provider_id", "provider_type", "country"),
    "provision": ("provider_id", "provided_id", "share_provided", "minor_share"),
    "sequence": ("input_id", "goes_into_id", "is_type_of_id"),
    "stages": ("stage_name", "stage_id"),
}
OTHERS = "others"  # whoever provides what the table leaves over
MINOR = 0.01  # assumed: the tables call a provider minor without a figure
_ROW = "_row"


def from_eto(
    folder: str | Path,
    *,
    level: Literal["country", "organization"] = "country",
    sizes: Mapping[str, float] | None = None,
    sides: Mapping[str, str] | None = None,
    minor: float = MINOR,
    input_class: Literal["critical", "important", "other"] = "critical",
    day: dt.date = NO_DAY,
) -> Imported:
    """The network of a folder with inputs.csv, providers.csv, provision.csv, sequence.csv and stages.csv.

    A unit is what one provider provides of one input (``P1:N2``); its output is its share of the input's size. What
    goes into another input is sold to all providers of that in proportion to their shares: the tables do not say who
    buys from whom. An input of which kinds are listed stands for its kinds, and is no unit itself.

    Args:
        folder: where the five files are.
        level: whose shares: those of countries, or of firms. They are two tables of the same market and do not add up.
        sizes: what is made of each input in a year, USD m, by its id. None: an input that needs nothing is worth 1, any
            other twice what goes into it, so that amounts say nothing and only shares do.
        sides: the side of each country. None: each country is its own; whoever has no country is ``third``.
        minor: the share of a provider that the table calls minor.
        input_class: how inputs bind.
        day: the day the network is of.

    A provider that is neither given a share nor called minor has an equal part of what the others leave; where nobody
    could have it, it is provided by ``others``. Shares that add up to slightly more than 1 are brought to 1.

    ``tables`` has ``providers_by_input``: input_id, input, provider_id, provider, country, share, basis (``given``,
    ``minor``, ``rest``); and ``inputs`` and ``stages`` as text.

    Raises:
        RecordError: everything wrong in the files, each with its row.
        DetenteError: a file is missing, or ``sizes`` lacks an input.

    Source: Emerging Technology Observatory, Advanced Semiconductor Supply Chain Dataset, eto.tech/dataset-docs/chipexplorer.

    """  # noqa: E501 - an address
    tables = _read(Path(folder))
    kinds, targets = _sequence(tables)
    shares = _shares(tables, level, minor, [i for i in tables["inputs"]["input_id"] if i not in kinds])
    leaves = shares["input_id"].unique(maintain_order=True).to_list()
    size = _worth(leaves, targets) if sizes is None else _given(leaves, sizes)
    given = pl.col("country") if sides is None else pl.col("country").replace_strict(sides, default="third")
    units = shares.with_columns(
        pl.format("{}:{}", "provider_id", "input_id").alias("unit"),
        pl.format("{}, {}", "input", "provider").alias("name"),
        pl.col("provider_id").alias("party"),
        pl.col("provider").alias("party_name"),
        pl.when(pl.col("country") == "").then(pl.lit("third")).otherwise(given).alias("side"),
        pl.col("input_id").alias("item"),
        (pl.col("share") * pl.col("input_id").replace_strict(size, return_dtype=pl.Float64)).alias("output_usd_m"),
    )
    at = {i: np.flatnonzero((units["item"] == i).to_numpy()) for i in leaves}
    share = units["share"].to_numpy()
    seller, buyer, value = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for item in leaves:
        for into in targets[item]:
            s, b = np.repeat(at[item], at[into].size), np.tile(at[into], at[item].size)
            seller.append(s)
            buyer.append(b)
            value.append(share[s] * share[b] * size[item] / len(targets[item]))
    sellers, buyers, values = np.concatenate(seller), np.concatenate(buyer), np.concatenate(value)
    classes = np.full(values.size, CLASSES[input_class], dtype=np.int8)
    network = network_of(units, sellers, buyers, values, link_class=classes, day=day)
    final = np.maximum(network.output - np.bincount(sellers, values, units.height), 0.0)
    kept = {"providers_by_input": shares, "inputs": tables["inputs"].drop(_ROW), "stages": tables["stages"].drop(_ROW)}
    rows = [("inputs that stand for their kinds", len(kinds), 0.0)]
    return Imported(network, ("final",), final[:, None], left_out(rows), kept)


def _read(folder: Path) -> dict[str, pl.DataFrame]:
    missing = [f"{name}.csv" for name in TABLES if not (folder / f"{name}.csv").is_file()]
    if missing:
        raise DetenteError(f"{folder}: lacks {', '.join(missing)}; expected the five files of the data set.")
    tables, problems = {}, []
    for name, columns in TABLES.items():
        try:
            table = pl.read_csv(folder / f"{name}.csv", infer_schema=False).with_row_index(_ROW, offset=2)
        except pl.exceptions.PolarsError as error:
            raise DetenteError(f"{folder / name}.csv: cannot be read as CSV ({error}).") from error
        texts = [c for c in table.columns if c != _ROW]
        tables[name] = table.with_columns(pl.col(texts).str.strip_chars().replace("", None))
        problems += [
            Problem(f"{name}.csv", 0, c, "", "a column of this name", did_you_mean(c, texts))
            for c in columns
            if c not in texts
        ]
    if problems:
        raise RecordError(problems)
    known = {"input_id": set(tables["inputs"]["input_id"]), "provider_id": set(tables["providers"]["provider_id"])}
    for name, column, of, needed in (
        ("inputs", "input_id", "input_id", True), ("providers", "provider_id", "provider_id", True),
        ("provision", "provided_id", "input_id", True), ("provision", "provider_id", "provider_id", True),
        ("sequence", "input_id", "input_id", True), ("sequence", "goes_into_id", "input_id", False),
        ("sequence", "is_type_of_id", "input_id", False),
    ):  # fmt: skip
        for row, cell in tables[name].select(_ROW, column).iter_rows():
            if (cell is None and needed) or (cell is not None and cell not in known[of]):
                got = "an empty cell" if cell is None else show(cell)
                hint = "" if cell is None else did_you_mean(cell, sorted(filter(None, known[of])))
                problems.append(Problem(f"{name}.csv", row, column, got, f"a known {of}", hint))
    for name, column in (("inputs", "input_id"), ("providers", "provider_id")):
        twice = tables[name].filter(pl.col(column).is_not_null() & pl.col(column).is_duplicated())
        problems += [
            Problem(f"{name}.csv", r, column, show(v), "each id once")
            for r, v in twice.select(_ROW, column).iter_rows()
        ]
    if problems:
        raise RecordError(problems)
    return tables


def _sequence(tables: Mapping[str, pl.DataFrame]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The kinds of each input that has any, and what every other input goes into, by itself or as a kind."""
    rows = list(tables["sequence"].select("input_id", "goes_into_id", "is_type_of_id").iter_rows())
    kinds: dict[str, list[str]] = {}
    above: dict[str, list[str]] = {}
    into: dict[str, list[str]] = {}
    for item, target, parent in rows:
        if parent is not None:
            kinds.setdefault(parent, []).append(item)
            above.setdefault(item, []).append(parent)
        if target is not None:
            into.setdefault(item, []).append(target)
    targets = {}
    for item in tables["inputs"]["input_id"]:
        if item in kinds:
            continue
        direct = {t for a in _reach(item, above) for t in into.get(a, [])}
        targets[item] = sorted({k for t in direct for k in _reach(t, kinds) if k not in kinds} - {item})
    return kinds, targets


def _reach(start: str, steps: Mapping[str, Iterable[str]]) -> set[str]:
    seen, ahead = {start}, [start]
    while ahead:
        for nxt in steps.get(ahead.pop(), ()):
            if nxt not in seen:
                seen.add(nxt)
                ahead.append(nxt)
    return seen


def _shares(tables: Mapping[str, pl.DataFrame], level: str, minor: float, leaves: list[str]) -> pl.DataFrame:
    """Who provides how much of each input: shares that add up to 1."""
    problems: list[Problem] = []
    people = {r["provider_id"]: r for r in tables["providers"].iter_rows(named=True)}
    names = dict(tables["inputs"].select("input_id", "input_name").iter_rows())
    by_input: dict[str, dict[str, tuple[float | None, str]]] = {i: {} for i in leaves}
    for row, who, what, cell, small in tables["provision"].select(
        _ROW, "provider_id", "provided_id", "share_provided", "minor_share"
    ).iter_rows():  # fmt: skip
        is_country = (people[who]["provider_type"] or "").lower() == "country"
        if what not in by_input or is_country != (level == "country"):
            continue
        share: float | None = minor if small is not None else None
        if cell is not None:
            try:
                share = float(cell.rstrip("%")) / 100
            except ValueError:
                share = -1.0
            if not 0.0 <= share <= 1.0:
                problems.append(Problem("provision.csv", row, "share_provided", show(cell), "a percentage such as 45%"))
        if who in by_input[what]:
            problems.append(Problem("provision.csv", row, "provider_id", show(who), "a provider of an input once"))
        by_input[what][who] = (share, "given" if cell is not None else "minor" if small is not None else "rest")
    if problems:
        raise RecordError(problems)
    rows = []
    for item, found in by_input.items():
        rest = max(0.0, 1.0 - sum(s for s, _ in found.values() if s is not None))
        unknown = [w for w, (s, _) in found.items() if s is None]
        shares = {w: (rest / len(unknown) if s is None else s, basis) for w, (s, basis) in found.items()}
        if not unknown and rest > 1e-9:
            shares[OTHERS] = (rest, "rest")
        whole = sum(s for s, _ in shares.values())
        if whole > 1.05:
            problems.append(
                Problem("provision.csv", 0, "share_provided", f"{whole:.0%} of {item}", "no more than 100%")
            )
        for who, (s, basis) in shares.items():
            person = people.get(who, {"provider_name": "Others", "country": None, "provider_type": ""})
            is_country = (person["provider_type"] or "").lower() == "country"
            country = person["provider_name"] if is_country else person["country"] or ""
            rows.append((item, names[item], who, person["provider_name"], country, s / whole, basis))
    if problems:
        raise RecordError(problems)
    columns = ("input_id", "input", "provider_id", "provider", "country", "share", "basis")
    table = pl.DataFrame(rows, schema=columns, orient="row")
    return table.filter(pl.col("share") > 0)


def _worth(leaves: list[str], targets: Mapping[str, list[str]]) -> dict[str, float]:
    """Sizes where none are given, from the first inputs on. Raises ``RecordError`` for a ring of inputs."""
    needs: dict[str, list[str]] = {i: [] for i in leaves}
    for item in leaves:
        for into in targets[item]:
            needs[into].append(item)
    size: dict[str, float] = {}
    while len(size) < len(leaves):
        ready = [i for i in leaves if i not in size and all(k in size for k in needs[i])]
        if not ready:
            ring = sorted(i for i in leaves if i not in size)
            raise RecordError([Problem("sequence.csv", 0, "goes_into_id", ", ".join(ring[:10]), "no ring of inputs")])
        for item in ready:
            size[item] = 2.0 * sum(size[k] / len(targets[k]) for k in needs[item]) or 1.0
    return size


def _given(leaves: list[str], sizes: Mapping[str, float]) -> dict[str, float]:
    wrong = [i for i in leaves if not (i in sizes and np.isfinite(sizes[i]) and sizes[i] > 0)]
    if wrong:
        raise DetenteError(f"sizes: expected an amount above 0 for each input; lacks {', '.join(wrong[:10])}.")
    return {i: float(sizes[i]) for i in leaves}
