"""How fast verdicts are made: python bench/decide.py [PART ...] [--lines N] [--links N] [--runs N].

Parts, each in a process of its own on one core: ``permits`` of the bundled case with its links repeated; ``book``, order
lines drawn for the bundled case; ``law``, order lines under 200 limbs with the parties of the US screening list (from
``$DETENTE_SHARED/data``, else passed over); ``peers``, the five rules of ``bench/decide_peers.py`` beside whichever of
its engines can be imported.

Times are of the processor, all threads together, medians of ``--runs`` after a first one that is left out. Lines are
drawn with a seed. ``read`` is from a Parquet file; ``code`` numbers everything a rule may ask about; ``tables`` asks
every condition once for whatever it can tell apart; ``decide`` is the rest: rules, licences, balances, policies, needs;
``table`` is the table with a row a line. ``decide again`` is all but reading, after one licence was revoked.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType

PARTS = ("permits", "book", "law", "peers")
SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[2] / "shared")) / "data"
STAGES = {"code": ("coded",), "tables": ("build",)}


def main() -> None:
    """Run every part that is asked for in a process of its own, on one core."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--links", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limbs", type=int, default=200)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    wrong = [part for part in given.parts if part not in PARTS]
    if wrong:  # not argparse's choices: with nargs="*" it looks the whole default up among them before Python 3.12
        parser.error(f"PART: got {wrong[0]}; expected some of {', '.join(PARTS)}")
    if given.here:
        {"permits": permits_part, "book": book_part, "law": law_part, "peers": peers_part}[given.parts[0]](given)
        return
    core = {max(os.sched_getaffinity(0))} if hasattr(os, "sched_getaffinity") else None
    if core:
        os.sched_setaffinity(0, core)
    alone = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    for part in given.parts:
        rest = [f"--{name}={getattr(given, name)}" for name in ("lines", "links", "runs", "limbs")]
        subprocess.run([sys.executable, __file__, part, "--here", *rest], env=alone, check=True)


def peak() -> str:
    """The most memory that this process has held."""
    return f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"


def timed(work: Callable[[], object]) -> float:
    """Seconds of the processor that something takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


@contextmanager
def clock(module: ModuleType, stages: dict[str, float]) -> Iterator[None]:
    """Add up what the functions of ``STAGES`` take while the block runs."""
    real = {name: getattr(module, name) for names in STAGES.values() for name in names}

    def wrap(stage: str, work: Callable[..., object]) -> Callable[..., object]:
        def run(*args: object, **how: object) -> object:
            start = time.process_time()
            try:
                return work(*args, **how)
            finally:
                stages[stage] = stages.get(stage, 0.0) + time.process_time() - start

        return run

    for stage, names in STAGES.items():
        for name in names:
            setattr(module, name, wrap(stage, real[name]))
    try:
        yield
    finally:
        for name, work in real.items():
            setattr(module, name, work)


# ---------------------------------------------------------------------------------------------------------- permits


def enlarged(folder: Path, n_links: int) -> Path:
    """A copy of the bundled case with at least ``n_links`` links."""
    import polars as pl

    from detente.record.load import folder_of

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


def permits_part(given: argparse.Namespace) -> None:
    """Time one verdict, and the permits of many links over the whole horizon."""
    from detente.decide import permits, verdict
    from detente.decide.events import event_days
    from detente.decide.facts import facts_of
    from detente.decide.sale import link_rows, sale_of
    from detente.decide.verdict import decide
    from detente.record import load

    case = load("huawei")
    facts = facts_of(case)
    sales = [sale_of(r, facts) for r in link_rows(case).iter_rows(named=True)]
    day = case.about.default_as_of
    print("permits")
    for full in (True, False):
        each = statistics.median(
            timed(lambda full=full: [decide(case, sale, facts, day, full=full) for sale in sales]) / len(sales)
            for _ in range(given.runs)
        )
        print(f"  one verdict, {'every condition kept' if full else 'as permits need it'}: {each * 1e3:.3f} ms")
    each = statistics.median(timed(lambda: verdict(case, sales[0].id, day)) for _ in range(20))
    print(f"  explain one link by its id: {each * 1e3:.1f} ms")
    with tempfile.TemporaryDirectory() as tmp:
        big = load(enlarged(Path(tmp) / "case", given.links))
    n, since, through = big["links"].height, big.about.horizon.since, big.about.horizon.through
    found = permits(big, since, through)
    took = statistics.median(timed(lambda: permits(big, since, through)) for _ in range(given.runs))
    print(
        f"  {n:,} links over {len(event_days(big))} event days: {took:.2f} s, {n / took:,.0f} links/s, "
        f"{found.link.size:,} spans, {len(found.decided):,} verdicts, {peak()}"
    )


# ------------------------------------------------------------------------------------------------------------- books


def draw_book(
    n: int, seed: int, *, variants: Sequence[str], makers: Sequence[str], buyers: Sequence[str], listed: Sequence[str],
    share_listed: float, destinations: Sequence[str], uses: Sequence[str], since: dt.date, days: int,
) -> object:  # fmt: skip
    """Order lines: who sells what to whom, where to, what for, and on which days; 60 % have left."""
    import numpy as np
    import polars as pl

    draw = np.random.default_rng(seed)

    def of(values: Sequence[str]) -> np.ndarray:
        return np.asarray(values)[draw.integers(len(values), size=n)]

    def some(share: float, values: np.ndarray) -> pl.Series:
        return pl.Series(np.where(draw.random(n) < share, values, ""), dtype=pl.String).replace("", None)

    def day(share: float, values: np.ndarray) -> pl.Series:
        return pl.Series(np.where(draw.random(n) < share, values, np.datetime64("NaT", "D")))

    good = draw.integers(len(variants), size=n)
    buyer = np.where(draw.random(n) < share_listed, of(listed), of(buyers))
    exported = np.datetime64(since) + draw.integers(0, days, n)
    aboard = exported - draw.integers(0, 10, n)
    started = aboard - draw.integers(10, 120, n)
    return pl.DataFrame(
        {
            "id": np.char.add("line-", np.arange(n).astype(str)),
            "seller": np.asarray(makers)[good],
            "purchaser": buyer,
            "ultimate_consignee": some(0.3, of(buyers)),
            "end_user": some(0.3, of(buyers)),
            "variant": np.asarray(variants)[good],
            "destination": of(destinations),
            "end_use": some(0.8, of(uses)),
            "value_usd_m": np.round(draw.lognormal(-4, 1.5, n), 4),
            "quantity": np.ceil(draw.lognormal(6, 2, n)),
            "ordered": day(0.9, started - draw.integers(0, 120, n)),
            "production_started": day(0.5, started),
            "aboard_carrier": day(0.5, aboard),
            "exported": day(0.6, exported),
        }
    )


def time_book(name: str, case: object, book: object, day: str, licence: str, runs: int) -> None:
    """Time a book from its file to its table, once more after a licence was revoked, and the reasons of one line."""
    import numpy as np
    import polars as pl

    import detente.decide.book.book as module
    from detente.decide.book import check_book, read_book
    from detente.decide.facts import facts_of

    n = book.height
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(tmp) / "book.parquet"
        book.write_parquet(path)
        comma = Path(tmp) / "book.csv"
        book.write_csv(comma)
        del book
        total: list[dict[str, float]] = []
        facts_of.cache_clear()
        facts = timed(lambda: facts_of(case))
        for run in range(runs + 1):
            stages: dict[str, float] = {}
            start = time.process_time()
            lines = decided = table = None  # one book at a time, as from the command line
            lines = read_book(path, case)
            stages["read"] = time.process_time() - start
            start = time.process_time()
            with clock(module, stages):
                decided = check_book(case, lines, day)
            stages["decide"] = time.process_time() - start - stages["code"] - stages["tables"]
            start = time.process_time()
            table = decided.frame()
            stages["table"] = time.process_time() - start
            if run:
                total.append(stages)
        most = peak()
        csv = statistics.median(timed(lambda: read_book(comma, case)) for _ in range(runs))
    middle = {s: statistics.median(t[s] for t in total) for s in ("read", "code", "tables", "decide", "table")}
    whole = statistics.median(sum(t.values()) for t in total)
    work = statistics.median(sum(t.values()) - t["read"] for t in total)
    print(f"{name}: {n:,} lines, {sum(len(m.limbs) for m in case.measures)} limbs, "
          f"{case['parties'].height:,} parties, {case['variants'].height} variants")  # fmt: skip
    print("  " + ", ".join(f"{s} {t:.2f} s" for s, t in middle.items()))
    print(
        f"  without reading {work:.2f} s, {n / work:,.0f} lines/s; with it {whole:.2f} s, {n / whole:,.0f} lines/s; {most}"
    )
    print(f"  reading the same as CSV {csv:.2f} s; facts of the case, once: {facts:.2f} s; "
          f"{len(decided.answers):,} different answers, {len(decided.draws.at):,} draws")  # fmt: skip
    counts = dict(table["outcome"].value_counts(sort=True).iter_rows())
    print("  " + ", ".join(f"{k} {v:,}" for k, v in counts.items()))
    again = statistics.median(timed(lambda: _again(case, lines, day, licence)) for _ in range(runs))
    print(f"  decide again after a revocation: {again:.2f} s")
    gc.freeze()  # as a server would, once its record is there: a full pass over it takes 0.2 s
    ids = table["sale"].gather(np.random.default_rng(3).integers(0, n, 200)).to_list()
    each = [timed(lambda line=line: decided.verdict(line)) for line in ids]
    said = table.filter(pl.col("sale").is_in(ids)).select("sale", "outcome")
    wrong = [s for s, o in said.iter_rows() if decided.verdict(s).outcome != o]
    if wrong:
        raise SystemExit(f"{name}: lines {wrong} have another verdict alone")
    print(f"  explain one line: {statistics.median(each) * 1e3:.1f} ms (at most {max(each) * 1e3:.1f} ms of 200)")


def _again(case: object, lines: object, day: str, licence: str) -> None:
    """Decide all lines in the same record with one more event, which revokes a licence."""
    import polars as pl

    from detente.decide.book import check_book

    events = case["licence_events"]
    row = events.clear(1).with_columns(
        pl.lit("revoked-now").alias("id"), pl.lit(licence).alias("licence"), pl.lit("revoked").alias("event"),
        pl.lit(dt.date.fromisoformat(day)).alias("date"), pl.lit("day").alias("precision"),
        pl.lit("").alias("_file"), pl.lit(0).cast(events.schema["_row"]).alias("_row"),
    )  # fmt: skip
    revoked = replace(case, tables={**case.tables, "licence_events": pl.concat([events, row])})
    check_book(revoked, lines, day).frame()


def book_part(given: argparse.Namespace) -> None:
    """Order lines of the bundled case: its parties, goods, countries and uses, days from May 2019 to January 2021."""
    import polars as pl

    from detente.record import load

    case = load("huawei")
    parties, variants = case["parties"], case["variants"]
    book = draw_book(
        given.lines, 1, variants=variants["id"].to_list(), makers=variants["maker"].to_list(),
        buyers=parties["id"].to_list(), listed=sorted(set(case["listings"]["party"])), share_listed=0.6,
        destinations=sorted(set(parties["country"].drop_nulls()) - {"ZZ"}),
        uses=sorted({w for words in case["links"]["end_use"] for w in words}), since=dt.date(2019, 5, 1), days=640,
    )  # fmt: skip
    licence = case["licence_events"].filter(pl.col("event") == "granted")["licence"][0]
    time_book("book", case, book, "2021-01-19", licence, given.runs)


# --------------------------------------------------------------------------------------------------------------- law

LISTS = {
    "us-sdn": ("prohibit", 0.3), "us-denied-persons": ("prohibit", 0.3), "us-entity-list": ("require_licence", 1.0),
    "us-meu-list": ("require_licence", 1.0), "us-unverified-list": ("require_licence", 0.6),
    "us-isn": ("require_licence", 0.6), "us-itar-debarred": ("require_licence", 0.5), "us-ssi": ("require_licence", 0.5),
    "us-cmic": ("require_licence", 0.5),
}  # fmt: skip
GROUPS = ("D:1", "D:2", "D:3", "D:4", "D:5", "E:1", "E:2", "A:5", "A:6", "B", "CN", "RU", "BY", "IR", "VE")
USES = ("production", "military", "missiles", "chemical_weapons", "nuclear", "supercomputer", "surveillance", "repair",
        "research", "resale")  # fmt: skip


def law_part(given: argparse.Namespace) -> None:
    """Order lines under a made-up law of many limbs over real lists, charts and groups."""
    if not (SHARED / "screening-list.json").is_file():
        print(f"law: passed over, for there is no screening list in {SHARED}")
        return
    import numpy as np

    from detente.record import load

    with tempfile.TemporaryDirectory() as tmp:
        case = load(made_case(Path(tmp) / "case", given.limbs))
    parties, variants = case["parties"], case["variants"]
    listed = case["listings"]["party"].unique().sort().to_list()
    free = sorted(set(parties["id"]) - set(listed))
    draw = np.random.default_rng(5)
    countries = sorted(set(case["chart"]["country"]))
    book = draw_book(
        given.lines, 4, variants=variants["id"].to_list(), makers=variants["maker"].to_list(), buyers=free,
        listed=listed, share_listed=0.05, destinations=draw.permutation(countries)[:150].tolist(), uses=USES,
        since=dt.date(2024, 1, 1), days=900,
    )  # fmt: skip
    time_book("law", case, book, "2026-08-01", "lic0", given.runs)


def made_case(folder: Path, n_limbs: int) -> Path:
    """A case with the official tables, 500 goods, 20,000 buyers on no list, 60 licences, and a law of many limbs."""
    import numpy as np

    from detente.official import read_chart, read_codes, read_csl, read_groups
    from detente.official.folder import plan

    draw = np.random.default_rng(6)
    folder.mkdir()
    codes = read_codes(SHARED / "ccl.json")
    marks, groups = read_chart(SHARED / "country-chart.json"), read_groups(SHARED / "country-groups.json")
    for snapshot in (read_csl(SHARED / "screening-list.json"), codes, marks, groups):
        for path, content in plan(folder, snapshot.tables, add=any(folder.iterdir())).items():
            path.write_bytes(content)

    def put(name: str, text: Sequence[str]) -> None:
        with (folder / name).open("a") as file:
            file.writelines(row + "\n" for row in text)

    countries = sorted(set(marks["chart"]["country"]))
    for name in ("parties", "sources"):
        head = (folder / f"{name}.csv").open().readline().strip().split(",")
        new = {"id": "us", "title": "A law made up for a benchmark", "rank": "invented"}
        if name == "sources":
            put("sources.csv", [",".join(new.get(c, "") for c in head)])
            continue
        rows = []
        for k in range(21_000):
            role, country = ("seller" if k < 1000 else "buyer"), str(draw.choice(countries))
            cells = {"id": f"{role}{k}", "name": f"The {role} {k}", "kind": "firm", "side": "third", "country": country}
            cells |= {"source": "us", "confidence": "invented", "recorded": "2020-01-01"}
            rows.append(",".join(cells.get(c, "") for c in head))
        put("parties.csv", rows)
    every = sorted({c.partition(":")[2] for c in codes["codes"]["code"]})
    abroad = ["CN", "DE", "JP", "KR", "MY", "NL", "TW", "VN"]
    end = "us,invented,2020-01-01"
    put("items.csv", ["id,name,kind,tags,source,confidence,recorded", *(
        f"item{k},Item {k},{draw.choice(['commodity', 'commodity', 'technology', 'software'])},"
        f"{draw.choice(['none', 'none', 'published', 'consumer'])},{end}" for k in range(60)
    )])  # fmt: skip
    head = ("id,item,maker,origin,content,codes,made_with_codes,made_with_origin,plant_codes,plant_origin,designed_by,"
            "params,source,confidence,recorded")  # fmt: skip
    rows = [head]
    for k in range(500):
        origin = "US" if draw.random() < 0.4 else str(draw.choice(abroad))
        mine = f"us-ear:{draw.choice(every)}" if draw.random() < 0.8 else "none"
        content = draw.choice(["", "none", f"US/{draw.choice(every)}:0.1-0.3", f"US/{draw.choice(every)}:0.2"])
        made = draw.choice(["", "none", "us-ear:3E001", "us-ear:5E002", "us-ear:4E001"])
        rows.append(f"good{k},item{k % 60},seller{k * 2},{origin},{content},{mine},{made},US,"
                    f"{draw.choice(['', 'none', 'us-ear:3E001'])},US,none,tpp={draw.integers(10, 9000)},{end}")  # fmt: skip
    put("variants.csv", rows)
    put("units.csv", [f"id,name,party,item,country,output_usd_m,{'source,confidence,recorded'}"])
    put("links.csv", ["id,seller,buyer,value_usd_m,end_use,source,confidence,recorded"])
    limbs = list(law(draw, every, n_limbs))
    licensed = [f"limb{k}" for k, text in enumerate(limbs) if '"require_licence"' in text]
    put("licences.csv", ["id,authority,holder,kind,consignees,overcomes,source,confidence,recorded", *(
        f"lic{k},BIS,seller{k * 2},individual,{';'.join(f'buyer{b}' for b in draw.integers(1000, 21_000, 3000))},"
        f"{';'.join(licensed)},{end}" for k in range(60)
    )])  # fmt: skip
    put("licence_lines.csv", ["id,licence,line,item,quantity,value_usd_m,value_usd_m_low,value_usd_m_high,covers,"
                              "covers_low,covers_high,source,confidence,recorded", *(
        f"x{k},lic{k},1,item{k % 60},{draw.integers(1000, 100_000)},{v},{v},{v},1,1,1,{end}"
        for k in range(60) for v in [draw.integers(1, 20)]
    )])  # fmt: skip
    put("licence_events.csv", ["id,licence,date,event,source,confidence,recorded", *(
        f"e{k},lic{k},2023-05-01,granted,{end}" for k in range(60)
    )])  # fmt: skip
    head = ('id = "law"\ntitle = "A law made up for a benchmark"\nregime = "us-ear"\nauthority = "BIS"\n'
            'instrument = "Invented"\nsources = ["us"]\n')  # fmt: skip
    (folder / "measures").mkdir()
    (folder / "measures" / "law.toml").write_text(head + SCOPE + "".join(limbs))
    (folder / "case.toml").write_text(
        'title = "A benchmark"\ndefault_as_of = 2026-08-01\n[sides]\nthird = "Everybody"\n'
        "[horizon]\nsince = 2024-01-01\nthrough = 2026-12-31\n"
    )
    return folder


SCOPE = """
[[limbs]]
id = "subject"
effect = "define"
text = "What the rules have a say over."
sources = ["us"]
in_force = [{since = 2000-01-01, recorded = 2020-01-01}]
scope = [
  {origin = ["US"]}, {located_in = ["US"]},
  {content_origin = ["US"], content_counts = "licensable_to_destination", content_op = ">", content_pct = 25},
  {content_origin = ["US"], content_counts = "licensable_to_destination", content_op = ">", content_pct = 10, to = ["E:1"]},
]

[[limbs]]
id = "published"
effect = "out_of_scope"
text = "What is published is left out."
sources = ["us"]
in_force = [{since = 2000-01-01, recorded = 2020-01-01}]
defeats = ["subject"]
items = {tags = ["published"]}
"""


def law(draw: object, codes: Sequence[str], n: int) -> Iterator[str]:
    """Limbs over lists, destinations, codes, uses, values and windows, in a mix like that of the law."""
    lists = list(LISTS)
    for k in range(n - 2):
        start = dt.date(2015, 1, 1) + dt.timedelta(int(draw.integers(0, 4000)))
        window = f"since = {start}, recorded = 2020-01-01"
        if draw.random() < 0.3:
            window += f", through = {start + dt.timedelta(int(draw.integers(100, 1500)))}"
        where = [str(w) for w in draw.choice(GROUPS, 2, replace=False)]
        some = [str(c) for c in draw.choice(codes, 4, replace=False)]
        kind = ("list", "list", "list", "codes", "codes", "codes", "use", "product", "lift", "lift")[k % 10]
        effect, lines = "require_licence", ['scope = [{named = "subject"}]']
        if k == 0:
            lines.append('chart_applies = true\novercome_by = ["licence"]')
        elif kind == "list":
            name = lists[k % len(lists)] if k < 60 else str(draw.choice(lists))
            effect = LISTS[name][0]
            roles = "" if draw.random() < 0.7 else ', roles = ["purchaser", "end_user"]'
            lines.append(f'parties = {{listed_on = "{name}"{roles}}}')
            lines += [f"places = {{to = {json.dumps(where)}}}"] if draw.random() < 0.3 else []
            lines += [f"items = {{codes = {json.dumps(some)}}}"] if draw.random() < 0.2 else []
        elif kind == "codes":
            lines.append(f"items = {{codes = {json.dumps(some)}}}\nplaces = {{to = {json.dumps(where)}}}")
            lines += [SAVING.format(start + dt.timedelta(30))] if draw.random() < 0.3 else []
        elif kind == "use":
            words = [str(w) for w in draw.choice(USES[1:], 2, replace=False)]
            lines.append(f"end_use = {json.dumps(words)}\nplaces = {{to = {json.dumps(where)}}}")
        elif kind == "product":
            lines[0] = 'scope = [{made_with_codes = ["3E", "4E001", "5E002"], made_with_origin = ["US"]}]'
            lines.append('acts = ["export_from_abroad", "reexport"]\nparties = {listed_on = "us-entity-list"}')
        else:
            effect = "authorise"
            beaten = [f"limb{j}" for j in draw.choice(n - 2, 6, replace=False) if j % 10 < 8]
            lines = [f"defeats = {json.dumps(beaten or ['limb0'])}\nplaces = {{to = {json.dumps(where)}}}"]
            lines += ["max_value_usd = 5000"] if draw.random() < 0.5 else ['items = {tags = ["consumer"]}']
        yield (
            f'\n[[limbs]]\nid = "limb{k}"\neffect = "{effect}"\ntext = "Rule {k}."\nsources = ["us"]\n'
            f"in_force = [{{{window}}}]\n" + "\n".join(lines) + "\n"
        )


SAVING = 'savings = [{{event_by = {{aboard_carrier = {0}}}, text = "Aboard by then.", sources = ["us"]}}]'


# ------------------------------------------------------------------------------------------------------------- peers


def peers_part(given: argparse.Namespace) -> None:
    """The five rules of ``decide_peers``: detente on many lines, the other engines on as many as they manage."""
    import numpy as np

    import decide_peers as peers

    lines = peers.make_lines(given.lines)
    expected = peers.reference(lines)
    print(f"peers: {given.lines:,} lines, five rules, outcomes compared line by line")
    print(f"  {'':<34} {'lines':>9} {'build s':>8} {'decide s':>9} {'decided/s':>11} {'with build/s':>13}")

    def show(peer: object, n: int) -> None:
        build, decide = peers.time_peer(peer, peers.first(lines, n), expected[:n])
        print(
            f"  {peer.name:<34} {n:>9,} {build:>8.2f} {decide:>9.2f} {n / decide:>11,.0f} {n / (build + decide):>13,.0f}"
        )

    with tempfile.TemporaryDirectory() as tmp:
        mine = detente_peer(Path(tmp) / "case", peers)
    mine.decide(mine.build(peers.first(lines, 1000)))
    show(mine, given.lines)
    plain = peers.Peer("plain Python", lambda lines: lines, peers.reference)
    for make in (lambda: plain, peers.cedar, peers.rego_cpp, peers.regorus, peers.openfisca):
        try:
            peer = make()
        except ImportError as error:
            print(f"  {make.__name__:<34} not installed ({error.name})")
            continue
        few = min(20_000, given.lines)
        took = timed(lambda peer=peer, few=few: peer.decide(peer.build(peers.first(lines, few))))
        show(peer, int(np.clip(few * 6 / took, few, given.lines)))
    print(f"  {peak()}")


OUTCOMES = {"not_subject": "allowed", "allowed": "allowed"}


def detente_peer(folder: Path, peers: ModuleType) -> object:
    """detente with the rules and facts of ``decide_peers``.

    Where it is not known when a line was aboard, those rules say that it was not; here a line says so with a day after
    the cut-off, as an empty cell would ask for the fact.
    """
    import numpy as np
    import polars as pl

    from detente.decide.book import check_book
    from detente.decide.facts import facts_of
    from detente.record import load

    case = load(peers_case(folder, peers))
    facts_of(case)
    late = np.datetime64(peers.ABOARD_BY) + 1
    empty = {"link": pl.String, "act": pl.String, "quantity": pl.Float64, "end_user": pl.String, "ordered": pl.Date,
             "production_started": pl.Date, "received": pl.Date}  # fmt: skip
    nothing = pl.lit([], dtype=pl.List(pl.String))

    def build(lines: dict[str, np.ndarray]) -> pl.DataFrame:
        aboard = np.where(np.isnat(lines["aboard_carrier"]), late, lines["aboard_carrier"])
        words = ("id", "seller", "purchaser", "ultimate_consignee", "variant", "destination", "end_use")
        frame = pl.DataFrame({**{w: lines[w] for w in words}, "aboard_carrier": aboard, "exported": lines["day"]})
        return frame.with_columns(
            pl.concat_list("end_use"), nothing.alias("via"), nothing.alias("intermediate_consignee"),
            pl.lit(0.0).alias("value_usd_m"), pl.lit("").alias("_file"), pl.lit(0).alias("_row"),
            *(pl.lit(None, kind).alias(c) for c, kind in empty.items()),
        )  # fmt: skip

    def decide(frame: pl.DataFrame) -> np.ndarray:
        table = check_book(case, frame, "2021-12-31").frame()
        return table["outcome"].replace(OUTCOMES).to_numpy()

    return peers.Peer("detente", build, decide)


def peers_case(folder: Path, peers: ModuleType) -> Path:
    """The facts of ``decide_peers`` as a case."""
    known = peers.facts()
    end = "s,invented,2018-01-01"
    common = "source,confidence,recorded"

    def words(values: Sequence[str] | None) -> str:
        return "" if values is None else ";".join(values) or "none"

    def codes(values: Sequence[str] | None) -> str:
        return words(None if values is None else [f"us:{c}" for c in values])

    tables = {
        "sources": ["id,title,rank", "s,Rules in miniature,invented"],
        "parties": [f"id,name,kind,side,country,{common}", *(f"{p},{p},firm,all,,{end}" for p in known.parties)],
        "items": [f"id,name,kind,{common}", f"item,Item,commodity,{end}"],
        "units": [f"id,name,party,item,country,output_usd_m,{common}"],
        "links": [f"id,seller,buyer,value_usd_m,end_use,{common}"],
        "listings": [f"id,list,party,as_listed,tags,requirement,review,since,through,{common}", *(
            f"{p},L,{p},{p},{words(e.tags)},all,denial,{e.since},{e.through or ''},{end}"
            for p, e in known.listings.items()
        )],
        "variants": [
            f"id,item,maker,origin,shipped_from,codes,made_with_codes,made_with_origin,{common}",
            *(
                f"{v},item,p0000,{g.origin},{g.shipped_from},{codes(() if not known.reasons[g.code] else (g.code,))},"
                f"{codes(g.made_with_codes)},{g.made_with_origin or ''},{end}" for v, g in known.variants.items()
            ),
        ],
        "chart": [f"id,regime,country,reasons,{common}", *(
            f"{c},us,{c},{words(marks)},{end}" for c, marks in known.chart.items()
        )],
        "codes": [f"id,code,reason,{common}", *(
            f"{c}:{r.replace(chr(32), chr(45))},us:{c},{r},{end}" for c, reasons in known.reasons.items() for r in reasons
        )],
    }  # fmt: skip
    (folder / "measures").mkdir(parents=True)
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    (folder / "case.toml").write_text(
        'title = "Five rules"\ndefault_as_of = 2021-12-31\n[sides]\nall = "Everybody"\n'
        "[horizon]\nsince = 2018-01-01\nthrough = 2021-12-31\n"
    )
    roles = 'roles = ["purchaser", "ultimate_consignee"]'
    first, last = peers.GENERAL_LICENCE
    (folder / "measures" / "rules.toml").write_text(
        'id = "rules"\ntitle = "Five rules"\nregime = "us"\nauthority = "A"\ninstrument = "I"\nsources = ["s"]\n'
        + _limb("listing", "require_licence", None, None, f'parties = {{listed_on = "L", {roles}}}\n'
                'scope = [{origin = ["US"]}, {located_in = ["US"]}]\nsavings = [{event_by = {aboard_carrier = '
                f'{peers.ABOARD_BY}}}, text = "aboard", sources = ["s"]}}]')
        + _limb("product", "require_licence", peers.PRODUCT_SINCE, None,
                f'parties = {{listed_on = "L", tags = ["fn1"], {roles}}}\n'
                f'scope = [{{made_with_codes = {json.dumps(peers.PRODUCT_CODES)}, made_with_origin = ["US"]}}]')
        + _limb("chart", "require_licence", None, None,
                f"chart_applies = true\nitems = {{reasons = {json.dumps(peers.CHART_REASONS)}}}")
        + _limb("general", "authorise", first, last, f'defeats = ["listing"]\nend_use = ["{peers.SUPPORT}"]')
        + _limb("denial", "prohibit", *peers.DENIAL, f"parties = {{names = {json.dumps(known.denied)}, {roles}}}")
    )  # fmt: skip
    return folder


def _limb(name: str, effect: str, since: dt.date | None, through: dt.date | None, body: str) -> str:
    end = f", through = {through}" if through else ""
    return (
        f'\n[[limbs]]\nid = "{name}"\neffect = "{effect}"\ntext = "{name}"\nsources = ["s"]\n'
        f"in_force = [{{since = {since or '2018-01-01'}, recorded = 2018-01-01{end}}}]\n{body}\n"
    )


if __name__ == "__main__":
    main()
