"""How fast verdicts are made: python bench/decide.py [--links N].

Links of the bundled case are repeated under new names, so that the law sees as many kinds of sale as the case has.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from pathlib import Path

import polars as pl

from detente.decide import permits, verdict
from detente.decide.events import event_days
from detente.decide.facts import facts_of
from detente.decide.sale import link_rows, sale_of
from detente.decide.verdict import decide
from detente.record import load
from detente.record.load import folder_of


def enlarged(folder: Path, n_links: int) -> Path:
    """A copy of the bundled case with at least ``n_links`` links."""
    shutil.copytree(folder_of("huawei"), folder)
    links = pl.read_csv(folder / "links.csv", infer_schema=False).filter(pl.col("supersedes").is_null())
    times = max(1, -(-n_links // links.height))
    nothing = [pl.lit("0").alias(f"value_usd_m{end}") for end in ("", "_low", "_high")]
    copies = [links.with_columns((pl.col("id") + f"+{k}").alias("id"), *nothing) for k in range(1, times)]
    pl.concat([links, *copies]).write_csv(folder / "links.csv")
    for name in ("accounts.csv", "tests"):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def main() -> None:
    """Time one verdict, a day's table and the permits of the whole horizon."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--links", type=int, default=1_000_000)
    given = parser.parse_args()
    case = load("huawei")
    facts = facts_of(case)
    sales = [sale_of(r, facts) for r in link_rows(case).iter_rows(named=True)]
    day = case.about.default_as_of
    for full in (True, False):
        start = time.perf_counter()
        for sale in sales:
            decide(case, sale, facts, day, full=full)
        each = (time.perf_counter() - start) / len(sales)
        print(f"one verdict, {'every condition kept' if full else 'as permits need it'}: {each * 1e3:.3f} ms")
    start = time.perf_counter()
    verdict(case, sales[0].id, day)
    print(f"explain one link by its id: {(time.perf_counter() - start) * 1e3:.1f} ms")
    with tempfile.TemporaryDirectory() as tmp:
        big = load(enlarged(Path(tmp) / "case", given.links))
    n = big["links"].height
    days = len(event_days(big))
    start = time.perf_counter()
    found = permits(big, big.about.horizon.since, big.about.horizon.through)
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"permits of {n:,} links over {days} event days: {took:.2f} s, {n / took:,.0f} links/s, "
        f"{found.link.size:,} spans, {len(found.decided):,} verdicts, peak {peak:.0f} MB"
    )


if __name__ == "__main__":
    main()
