"""Why a verdict is another one than before: which rule, entry, licence event, stake, finding or window changed.

The two trees of reasons are walked side by side, from each rule that newly stands or no longer stands down to the
steps that turned it. A row of the record, or a window of a rule, that starts, ends or happens between the two days (or
that only one of two records has) is the cause; where there is none, the step itself is named.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from detente.decide.changes.changed import Changed, first_sentence, row_changed, window_changed
from detente.decide.facts import Facts, facts_of
from detente.decide.limbs import SAVED, SAVING, conditions
from detente.decide.rules import AGAINST, DEFINED, OVERCOME, RULE
from detente.decide.scope import window_on
from detente.decide.truth import FALSE, TRUE, Fact, Reason, Truth
from detente.decide.verdict import Verdict
from detente.record import Case
from detente.record.limb import Limb, Window

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_OWNERSHIP = re.compile(r"^(\S+) is in force on ")
_LICENCE = re.compile(r"^licence (\S+) \(")
_ROOM = " has room for it: "
_PREFIXES = ("forbids complying: ", "not taken out by ")
_NOW = ("no", "not known", "yes")
Step = Reason | None


@dataclass(frozen=True, slots=True)
class Compared:
    """Two verdicts on one sale, each with the facts it was decided on."""

    before: Verdict
    after: Verdict
    old: Case
    new: Case
    old_facts: Facts
    new_facts: Facts

    @property
    def is_same_record(self) -> bool:
        """Whether only the day differs."""
        return self.old is self.new

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """The days decided on."""
        return self.before.as_of, self.after.as_of


def causes(before: Verdict, after: Verdict, old: Case, new: Case) -> tuple[Changed, ...]:
    """What made two verdicts on one sale differ, ``before`` in the record ``old`` and ``after`` in ``new``.

    Both need every condition in their trees (``full``). Where a sale is newly held, only rules that newly hold it are
    looked at; where it is released, those that no longer do.
    """
    c = Compared(before, after, old, new, facts_of(old), facts_of(new))
    x, y = _branches(before.reason), _branches(after.reason)
    was_open, is_open = (v.state in {"open", "capped"} for v in (before, after))
    only = 1 if was_open and not is_open else -1 if is_open and not was_open else 0
    found: list[Changed] = []
    for name in dict.fromkeys((*y, *x)):
        way = _way(x.get(name), y.get(name))
        if way and (not only or way == only):
            found += _walk(x.get(name), y.get(name), way, name, c)
    for limb in sorted(set(before.limbs) ^ set(after.limbs)) if not found else ():
        found += _walk(_bites(x.get(limb)), _bites(y.get(limb)), 0, limb, c)
    for other in (_by_licence, _by_saving, _in_reach, _by_review):
        found = found or list(other(x, y, c))
    return tuple(sorted(dict.fromkeys(found), key=lambda f: (_when(f), not f.is_rule)))


def _branches(reason: Reason) -> dict[str, Reason]:
    """Rule by rule, by the id of the limb."""
    return {
        r.text.removesuffix(" holds the sale") if r.role == RULE else r.text.split(": ")[1]: r
        for r in reason.children
        if r.role in {RULE, AGAINST}
    }


def _bites(branch: Step) -> Step:
    return None if branch is None else branch.children[0] if branch.role == RULE else branch


def _way(x: Step, y: Step) -> int:
    """Whether a step became more true (1) or less (-1); one that is not there counts as false."""
    a, b = (FALSE if r is None else r.truth for r in (x, y))
    return (b > a) - (b < a)


def _walk(x: Step, y: Step, way: int, limb: str, c: Compared) -> list[Changed]:
    """The causes below a step that turned one way (0: either)."""
    step = y or x
    if step is None:
        return []
    named = _limb_of(step, c)
    licence = _LICENCE.match(step.text)
    limb = named or (f"licence {licence[1]}" if licence else limb)
    if named is not None and (x is None or y is None) and not c.is_same_record:
        return [_rule_added(named, c, is_new=x is None)]
    if step.role == SAVING and (cut := _cut_off(step, limb, c)) is not None:
        return [cut]
    turned = step.role == OVERCOME or step.text.startswith(("not saved: ", "not taken out by "))
    inner = -way if turned else way
    pairs = list(_aligned(x, y))
    goal = FALSE if y is None else ~y.truth if turned else y.truth
    moved = [(p, q) for p, q in pairs if _goes(p, q, inner, goal)]
    both: list[tuple[Step, Step]] = [(p, q) for p, q in moved if p is not None and q is not None]
    is_wide = named is not None or licence is not None or step.role in {RULE, OVERCOME}  # much hangs on it
    moved = both or (moved if is_wide or x is None or y is None else [])
    first = x.children[0] if x is not None and x.children and named is not None else None
    if any(p is first for p, _ in moved if p is not None):  # a rule that was not in force could save nothing
        moved = [(p, q) for p, q in moved if (q or p or step).role != SAVING]
    found = [f for p, q in moved for f in _step(p, q, inner, limb, p is not None and p is first, c)]
    dated = [f for f in found if f.is_dated]
    if not dated and not is_wide:
        dated = list(_dated(x, y, c))
    return dated or found or [_plain(x, y, limb)]


def _step(x: Step, y: Step, way: int, limb: str, is_window: bool, c: Compared) -> list[Changed]:
    """The causes of a condition of a limb; the first of them is its window."""
    window = _window(limb, c) if is_window else None
    return [window] if window is not None else _walk(x, y, way, limb, c)


def _goes(x: Step, y: Step, way: int, goal: Truth) -> bool:
    """Whether a step turned the way asked for, far enough to turn what hangs on it."""
    turned, now = _way(x, y), FALSE if y is None else y.truth
    return turned != 0 and (way == 0 or (turned == way and (now >= goal if way > 0 else now <= goal)))


def _limb_of(step: Reason, c: Compared) -> str | None:
    """The limb whose conditions a step adds up."""
    text = step.text
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    name = text.partition(": ")[0]
    limb = _limb(name, c.new_facts) or _limb(name, c.old_facts)
    return name if limb is not None and text == f"{name}: {limb.text}" else None


def _limb(name: str, facts: Facts) -> Limb | None:
    return facts.limbs[name][1] if name in facts.limbs else None


def _aligned(x: Step, y: Step) -> Iterator[tuple[Step, Step]]:
    """The steps below two steps, the same beside the same: by their text without its days, else by their place."""
    mine = list(x.children) if x is not None else []
    theirs: dict[tuple[str, str], list[Reason]] = {}
    for q in y.children if y is not None else ():
        theirs.setdefault(_key(q), []).append(q)
    rest: list[Reason] = []
    for p in mine:
        same = theirs.get(_key(p))
        if same:
            yield p, same.pop(0)
        else:
            rest.append(p)
    left = [q for q in (y.children if y is not None else ()) if any(q is z for z in theirs[_key(q)])]
    for p, q in zip_longest(*([r for r in side if not _LICENCE.match(r.text)] for side in (rest, left))):
        yield p, q
    yield from ((p, None) for p in rest if _LICENCE.match(p.text))
    yield from ((None, q) for q in left if _LICENCE.match(q.text))


def _key(step: Reason) -> tuple[str, str]:
    return step.role, _DAY.sub("#", step.text)


def _dated(x: Step, y: Step, c: Compared) -> Iterator[Changed]:
    """Rows and windows at or below a step that changed; of several events of a licence the last one."""
    found: dict[Fact | str, Changed] = {}
    last: dict[str, Changed] = {}
    for step in (y, x):
        for r in step.walk() if step is not None else ():
            if (owned := _OWNERSHIP.match(r.text)) and (said := _window(owned[1], c)) is not None:
                found.setdefault(owned[1], said)
            for fact in r.facts:
                if fact in found or (change := row_changed(fact, c.old, c.new, c.days)) is None:
                    continue
                if fact.table != "licence_events":
                    found[fact] = change
                elif change.what not in last or _when(last[change.what]) < _when(change):
                    last[change.what] = change
    yield from (*found.values(), *last.values())


def _when(change: Changed) -> dt.date:
    return change.day or dt.date.max


def _plain(x: Step, y: Step, limb: str) -> Changed:
    """A step that turned, for want of a row that did."""
    if y is None:
        return Changed("", f"no longer said: {x.text}" if x is not None else "", x.sources if x is not None else ())
    if _ROOM in y.text:
        return Changed("", f"{limb}, {y.text.replace(_ROOM, ': ')}", y.sources)
    before = "" if x is None else f" (now {_NOW[y.truth]}, before {_NOW[x.truth]})"
    return Changed("", f"{limb}: {y.text}{before}", tuple(dict.fromkeys(y.sources)))


def _window(name: str, c: Compared) -> Changed | None:
    """What happened to the window of a limb, or of a rule on ownership."""
    old = _limb(name, c.old_facts) or c.old_facts.ownership_rules.get(name)
    new = _limb(name, c.new_facts) or c.new_facts.ownership_rules.get(name)
    return None if old is None or new is None else window_changed(name, old, new, c.old, c.new, c.days)


def _rule_added(name: str, c: Compared, *, is_new: bool) -> Changed:
    facts = c.new_facts if is_new else c.old_facts
    measure, limb = facts.limbs[name]
    window: Window | None = window_on(limb.in_force, c.days[is_new], facts.as_known)
    since = f" (in force since {window.since})" if window is not None else ""
    where = "is new in the second record" if is_new else "is not in the second record"
    if is_new and window is not None and c.old.as_known is not None and window.recorded > c.old.as_known:
        where = f"was recorded on {window.recorded}"
    day = window.since if window is not None else c.days[0]
    return Changed(f"{name} of “{measure.title}”{since}", where, limb.sources, day, True)


def _cut_off(step: Reason, limb: str, c: Compared) -> Changed | None:
    """The last day of a savings clause, where it lies between the two days."""
    found = _limb(limb, c.new_facts)
    for saving in found.savings if found is not None else ():
        if step.text.removeprefix("not saved: ") != saving.text:
            continue
        passed = [d for d in (*saving.event_by.values(), *saving.done_by.values()) if c.days[0] <= d < c.days[1]]
        if passed:
            text = f"the time that {limb} gave ran out on {max(passed)} (“{first_sentence(saving.text)}”)"
            return Changed("", text, saving.sources, max(passed), True)
    return None


def _covers(branch: Step) -> dict[str, Reason]:
    """The licences looked at against a rule, by id."""
    steps = [] if branch is None else [s for r in branch.children if r.role == OVERCOME for s in r.children]
    return {m[1]: s for s in steps if (m := _LICENCE.match(s.text))}


def _by_licence(x: dict[str, Reason], y: dict[str, Reason], c: Compared) -> Iterator[Changed]:
    """Licences that newly cover, no longer cover, or cover another part."""
    apart = set(c.before.licences) ^ set(c.after.licences) or {*c.before.licences, *c.after.licences}
    for limb in dict.fromkeys((*c.after.limbs, *c.before.limbs)):
        old, new = _covers(x.get(limb)), _covers(y.get(limb))
        for licence in sorted(apart & {*old, *new}):
            a, b = old.get(licence), new.get(licence)
            found = _walk(a, b, _way(a, b), limb, c)
            yield from found if _way(a, b) else (f for f in found if f.is_dated)


def _by_saving(x: dict[str, Reason], y: dict[str, Reason], c: Compared) -> Iterator[Changed]:
    """Rules that would newly hold the sale, or that would have, but for a savings clause."""
    for limb in [k for k in y if k in x]:
        was, now = ([s for s in side[limb].children if s.role == SAVED and s.truth is TRUE] for side in (x, y))
        if bool(was) == bool(now):
            continue
        before, after = x[limb].children[0], y[limb].children[0]
        pairs = [(p, q) for p, q in _aligned(before, after) if p is not None and q is not None and q.role != SAVING]
        way = 1 if now else -1
        steps = [f for p, q in pairs if _way(p, q) == way for f in _step(p, q, way, limb, p is before.children[0], c)]
        yield from [f for f in steps if f.is_dated] or steps
        if now:
            clause = first_sentence(now[0].text.removeprefix("saved: "))
            yield Changed("", f"a savings clause of {limb} still lets it go (“{clause}”)", now[0].sources)


def _in_reach(x: dict[str, Reason], y: dict[str, Reason], c: Compared) -> Iterator[Changed]:
    """Rules and definitions that came or went and reach the good, though they do not hold the sale."""
    both = {k: _bites(r) for k, r in y.items() if k in x}
    both |= {r.text.partition(": ")[0]: r for r in c.after.reason.children if r.role == DEFINED}
    for name, step in both.items():
        if step is None or name not in c.old_facts.limbs or not step.children:
            continue
        names = ["window", "scope"] if step.role == DEFINED else [n for n, _ in conditions(*c.new_facts.limbs[name])]
        window = _window(name, c) if step.children[names.index("scope")].truth is not FALSE else None
        if window is not None:
            yield window


def _by_review(x: dict[str, Reason], y: dict[str, Reason], c: Compared) -> Iterator[Changed]:
    """What changed how an application is looked at."""
    for limb in c.after.limbs:
        yield from _dated(_bites(x.get(limb)), _bites(y.get(limb)), c)
    if c.before.review != c.after.review:
        old, new = ((v.review or "no policy").replace("_", " ") for v in (c.before, c.after))
        yield Changed("", f"an application is now looked at with {new}, before with {old}", ())
