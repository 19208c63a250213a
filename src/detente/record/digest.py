"""A hash of what a case says, whatever the format of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import polars as pl
from pydantic import BaseModel

from detente.record.dictionary import Table


def digest(tables: Mapping[str, pl.DataFrame], dictionary: Mapping[str, Table], texts: Mapping[str, BaseModel]) -> str:
    """SHA-256, as hex, over the rows that count and the TOML files.

    Rows are written in the dictionary's column order, numbers as shortest round-trip decimals, lists with ``;``, an
    empty cell apart from an empty list, and sorted, so that neither the order of rows nor CSV, Parquet or XLSX matters.
    """
    total = hashlib.sha256()
    for name, table in dictionary.items():
        frame = tables[name]
        if frame.height == 0:
            continue
        fields = [
            pl.col(c.name).list.join(";") + "]" if c.is_list else pl.col(c.name).cast(pl.String) for c in table.columns
        ]
        lines = frame.select(pl.concat_str([f.fill_null("\x00") for f in fields], separator="\x1f").alias("l"))["l"]
        total.update(f"\n{name}\n".encode())
        hashed = lines.sort().str.join("\x1e").item()
        total.update(str(hashed).encode())
    for name in sorted(texts):
        total.update(f"\n{name}\n{texts[name].model_dump_json()}".encode())
    return total.hexdigest()
