"""Reading a TOML file so that a fault can be shown with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from detente.record.problems import CONTROL, Problem, did_you_mean, show

MAX_BYTES = 4 * 2**20
M = TypeVar("M", bound=BaseModel)
Step = str | int

_HEADER = re.compile(r"^\s*(\[\[|\[)\s*([A-Za-z0-9_.\-\"]+)\s*(?:\]\]|\])")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+)\s*=")


def read(path: Path, name: str, problems: list[Problem]) -> tuple[dict[str, Any], str] | None:
    """The parsed file and its text; None, with the reason among ``problems``, where it is not TOML."""
    if not path.is_file():
        problems.append(Problem(name, 0, "", "a folder", "a file"))
        return None
    if path.stat().st_size > MAX_BYTES:
        problems.append(Problem(name, 0, "", f"{path.stat().st_size:,} bytes", f"at most {MAX_BYTES:,} bytes"))
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problems.append(Problem(name, 0, "", "bytes that are not UTF-8", "a text file in UTF-8"))
        return None
    try:
        data = tomllib.loads(text)
        if (hidden := next(_control(data), None)) is not None:
            problems.append(Problem(name, 0, "", show(hidden), "text without control characters"))
            return None
        return data, text
    except RecursionError:
        problems.append(Problem(name, 0, "", "lists nested thousands deep", "TOML as people write it"))
        return None
    except tomllib.TOMLDecodeError as error:  # before ValueError, of which it is one
        said = str(error)
        found = re.search(r"\(at line (\d+), column \d+\)", said)
        row = int(found[1]) if found else text.count("\n") + 1
        line = text.splitlines()[row - 1] if row <= len(text.splitlines()) else ""
        key = _KEY.match(line)
        if "overwrite" in said or "twice" in said or "redefine" in said:
            problems.append(
                Problem(name, row, key[1] if key else "", "the key twice", "each key once", "delete one of the two")
            )
        else:
            hint = "delete the line `decisions = []`" if "namespace ('decisions',)" in said else ""
            got = said.split(" (at")[0]
            got = got[:1].lower() + got[1:]
            problems.append(Problem(name, row, key[1] if key else "", got, "TOML", hint))
        return None
    except ValueError as error:  # a number of thousands of digits
        problems.append(Problem(name, 0, "", show(error), "TOML as people write it"))
        return None


def _control(value: object) -> Iterator[str]:
    """Texts with control characters, which a terminal would obey; line ends and tabs are fine."""
    if isinstance(value, str) and re.search(CONTROL, value):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _control(key)
            yield from _control(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _control(inner)


def fit(model: type[M], data: dict[str, Any], text: str, name: str, problems: list[Problem]) -> M | None:
    """The data as ``model``; every fault of the file is a problem with its line and key."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = error.errors()
        for fault in faults:
            inner = (f["loc"][: len(fault["loc"])] == fault["loc"] for f in faults if f is not fault)
            if fault["type"] == "too_short" and any(inner):
                continue  # short only because what is in it is faulty
            path = tuple(s for s in fault["loc"] if isinstance(s, int) or not s.startswith(("function-", "tuple")))
            key = next((str(s) for s in reversed(path) if isinstance(s, str)), "")
            row = locate(text, path)
            match fault["type"]:
                case "extra_forbidden":
                    known = _fields(model, path)
                    hint = did_you_mean(key, known) or (f"the keys here are {', '.join(known)}" if known else "")
                    problems.append(Problem(name, row, key, "an unknown key", "a known key", hint))
                case "missing":
                    problems.append(Problem(name, row, key, "no such key", "the key"))
                case "date_type" | "date_from_datetime_inexact":
                    problems.append(
                        Problem(
                            name, row, key, show(fault["input"]), "a day", "write 2019-05-16, without quotes or hour"
                        )
                    )
                case "tuple_type" | "list_type":
                    problems.append(Problem(name, row, key, show(fault["input"]), 'a list, such as ["NO"]'))
                case "string_type":
                    problems.append(Problem(name, row, key, show(fault["input"]), "a text in quotes"))
                case "too_short":
                    problems.append(Problem(name, row, key, "an empty list", "at least one"))
                case "value_error":
                    problems.append(Problem(name, row, key, "", str(fault["ctx"]["error"])))
                case _:
                    expected = fault["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
                    problems.append(Problem(name, row, key, show(fault["input"]), expected))
        return None


def _fields(model: type[BaseModel], path: Sequence[Step]) -> list[str]:
    """The keys allowed where ``path`` ends, found by walking the model."""
    here: Any = model
    for step in path[:-1]:
        if isinstance(step, int):
            continue
        field = here.model_fields.get(step)
        if field is None:
            return []
        inner = [a for a in _arguments(field.annotation) if isinstance(a, type) and issubclass(a, BaseModel)]
        if not inner:
            return []
        here = inner[0]
    return sorted(here.model_fields)


def _arguments(annotation: Any) -> list[Any]:
    inner = getattr(annotation, "__args__", ())
    return [annotation, *(x for a in inner for x in _arguments(a))]


def locate(text: str, path: Sequence[Step]) -> int:
    """The line (from 1) of the key at ``path``; the nearest line above it where the key itself is not to be found.

    Knows headers (``[milestones]``, ``[[limbs]]``) and ``key = value`` lines, which is how measures are written.
    """
    tables: list[Step] = list(path)
    depth: dict[str, int] = {}
    here: list[Step] = []
    best = 1
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            parts = header[2].split(".")
            here = []
            for k, part in enumerate(parts):
                here.append(part)
                prefix = ".".join(parts[: k + 1])
                if header[1] == "[[" and k == len(parts) - 1:
                    depth[prefix] = depth.get(prefix, -1) + 1
                    for other in [d for d in depth if d.startswith(prefix + ".")]:
                        del depth[other]
                if prefix in depth:
                    here.append(depth[prefix])
            if tables[: len(here)] == here:
                best = number
        elif (key := _KEY.match(line)) and tables[: len(here) + 1] == [*here, key[1]]:
            return number
    return best
