"""How long a case of many links takes to read and check, and how much memory: python bench/record.py [--links N]."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

COMMON = {"source": "made-up", "confidence": "invented", "recorded": "2020-01-01"}


def write_case(folder: Path, n_links: int, *, suffix: str = ".csv") -> None:
    """An invented case: about 2.6 links a unit, heavy-tailed values, one measure against one side."""
    from detente.record.new import new

    new(folder)
    rng = np.random.default_rng(7)
    n_units = max(10, round(n_links / 2.6))
    n_items = 300
    side = np.where(rng.random(n_units) < 0.3, "target", "home")
    unit = np.array([f"u{i}" for i in range(n_units)])
    item = np.array([f"i{k}" for k in rng.integers(0, n_items, n_units)])
    put(
        folder,
        "sources",
        {"id": ["made-up"], "title": ["Invented for a benchmark"], "rank": ["invented"]},
        common=False,
    )
    put(folder, "parties", {
        "id": ["home-co", "target-co"], "name": ["Home", "Target"], "kind": ["firm"] * 2, "side": ["home", "target"],
        "country": ["US", "CN"],
    })  # fmt: skip
    put(folder, "items", {"id": [f"i{k}" for k in range(n_items)], "name": [f"Item {k}" for k in range(n_items)],
                          "kind": ["commodity"] * n_items})  # fmt: skip
    put(folder, "variants", {"id": [f"v{k}" for k in range(n_items)], "item": [f"i{k}" for k in range(n_items)],
                             "maker": ["home-co"] * n_items, "origin": ["US"] * n_items})  # fmt: skip
    put(folder, "units", {
        "id": unit, "name": unit, "party": np.char.add(side, "-co"), "item": item,
        "variant": np.char.replace(item, "i", "v"), "country": np.where(side == "target", "CN", "US"),
        "output_usd_m": np.full(n_units, "1e9"), "output_usd_m_low": np.full(n_units, "9e8"),
        "output_usd_m_high": np.full(n_units, "2e9"),
    })  # fmt: skip
    value = np.round(np.exp(rng.normal(0, 2, n_links)), 3)
    put(folder, "links", {
        "id": [f"l{k}" for k in range(n_links)], "seller": unit[rng.integers(0, n_units, n_links)],
        "buyer": unit[rng.integers(0, n_units, n_links)], "value_usd_m": value.astype(str),
        "value_usd_m_low": (value / 2).astype(str), "value_usd_m_high": (value * 2).astype(str),
        "end_use": np.full(n_links, "production"),
    }, suffix=suffix)  # fmt: skip
    put(folder, "listings", {
        "id": ["t"], "list": ["home-list"], "party": ["target-co"], "as_listed": ["Target"], "requirement": ["all"],
        "review": ["presumption_of_denial"], "since": ["2020-03-02"],
    })  # fmt: skip
    (folder / "measures" / "list.toml").write_text(
        'id = "m"\ntitle = "t"\nregime = "home"\nauthority = "a"\ninstrument = "i"\nsources = ["made-up"]\n'
        '[[limbs]]\nid = "list"\neffect = "require_licence"\ntext = "t"\nsources = ["made-up"]\n'
        'in_force = [{since = 2020-03-02, recorded = 2020-03-01}]\nscope = [{origin = ["US"]}]\n'
        'parties = {listed_on = "home-list", roles = ["purchaser"]}\n'
    )


def put(folder: Path, table: str, columns: dict[str, object], *, common: bool = True, suffix: str = ".csv") -> None:
    """Write one table."""
    frame = pl.DataFrame(columns)
    if common:
        frame = frame.with_columns(pl.lit(v).alias(k) for k, v in COMMON.items())
    if suffix == ".parquet":
        (folder / f"{table}.csv").unlink()
        frame.write_parquet(folder / f"{table}.parquet")
    else:
        frame.write_csv(folder / f"{table}.csv")


def child(folder: str) -> None:
    """Load the case in a process of its own and print what it took."""
    start = time.perf_counter()
    from detente.record import load

    imported = time.perf_counter()
    case = load(folder)
    loaded = time.perf_counter()
    from detente.decide import permits

    permits(case, "2020-01-01", "2020-12-31")
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{imported - start:.2f} {loaded - imported:.2f} {done - loaded:.2f} {peak:.0f}")


def main() -> None:
    """Make the case once, load it a few times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--links", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--child")
    given = parser.parse_args()
    if given.child:
        child(given.child)
        return
    print("format    links      read and check (s)   permits of a year (s)   peak memory (MB)   median of", given.runs)
    for suffix in (".csv", ".parquet"):
        with tempfile.TemporaryDirectory() as tmp:
            folder = Path(tmp) / "case"
            write_case(folder, given.links, suffix=suffix)
            runs = []
            for _ in range(given.runs):
                said = subprocess.run(
                    [sys.executable, __file__, "--child", str(folder)], check=True, stdout=subprocess.PIPE, text=True
                )
                runs.append([float(x) for x in said.stdout.split()])
            _, load_s, permits_s, peak = np.median(np.array(runs), axis=0)
            print(f"{suffix:9} {given.links:<10,} {load_s:<20.2f} {permits_s:<23.2f} {peak:.0f}")


if __name__ == "__main__":
    main()
