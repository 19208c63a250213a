"""What is wrong with a user's data, as values; and the tree of exceptions.

``DetenteError``
 ├── ``RecordError``  the files of a case do not hold together; carries every ``Problem`` found
 └── ``NotFound``     the caller named a case, link, unit or overlay that is not there
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # what no text of a case may hold: it hides, or moves a cursor


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in one place: where, what was got, what was expected and what to do.

    ``file`` is relative to the case folder. ``row`` counts from 1 as a spreadsheet or an editor does, headers and
    comments included; 0 means the file as a whole. ``column`` is a column of a table or a key of a TOML file.
    """

    file: str
    row: int
    column: str
    got: str
    expected: str
    hint: str = ""

    @property
    def place(self) -> str:
        """The row, or in a text file the line, in words."""
        return f"{'line' if self.file.endswith('.toml') else 'row'} {self.row}"

    def __str__(self) -> str:
        where = self.file + (f", {self.place}" if self.row else "") + (f", {self.column}" if self.column else "")
        got = f"got {self.got}; " if self.got else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}: {got}expected {self.expected}{hint}"


class DetenteError(Exception):
    """Anything that detente says is wrong; its text is meant for people."""


class NotFound(DetenteError):
    """A name that was asked for does not exist; the text lists what does."""


class RecordError(DetenteError):
    """The files of a case do not hold together.

    ``problems`` has every fault found, sorted by file and row.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        n = len(self.problems)
        head = "1 fault in the case" if n == 1 else f"{n} faults in the case"
        super().__init__("\n".join([head, *(str(p) for p in self.problems)]))


def show(value: object, limit: int = 60) -> str:
    """A value as an error shows it: quoted, and cut where it is long."""
    text = str(value)
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A hint that names the known word nearest to ``word``; empty where none is near."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""
