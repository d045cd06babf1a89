"""What strangers write, made harmless: names in sentences, cells of a table, a ZIP's directory."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MAX_NAME_BYTES = 200  # file systems have limits
_PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)}
_RESERVED = {"con", "prn", "aux", "nul"} | _PORTS
BYTE_ORDER_MARK = "\ufeff"  # tells Excel that it is UTF-8
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ENTRY = b"PK\x01\x02"  # of a ZIP's directory
_CHUNK = 2**20


def shown(text: str, most: int = 60) -> str:
    """``text`` on one line: what can't be printed is escaped, the rest beyond ``most`` cut."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def file_name(text: str, otherwise: str = "unnamed") -> str:
    """The last part of any system's path as a file's or folder's name on any system."""
    last = re.split(r"[/\\]", text.rstrip("/\\ ."))[-1]
    name = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in last)
    name = name.encode()[-MAX_NAME_BYTES:].decode("utf-8", "ignore").strip(". ")
    return f"_{name}" if name.partition(".")[0].strip().lower() in _RESERVED else name or otherwise


def slug(text: str, otherwise: str = "unnamed") -> str:
    """``text`` as a part of a file's name: small letters of any script, digits, single hyphens."""
    return re.sub(r"[\W_]+", "-", text.lower().replace("×", "x")).strip("-") or otherwise


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, UTF-16, or else Windows' Western European (cp1252).

    A mark of the byte order, if there is one, decides and is taken off.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if content[1:2] == b"\0":  # UTF-16 without its mark
        return content.decode("utf-16-le", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def csv_text(frame: pd.DataFrame) -> str:
    """``frame`` as CSV without its index, in a form that Excel opens as it is; see :func:`cell`."""
    from pandas.api.types import is_numeric_dtype

    safe = frame.rename(columns=cell)
    for place, kind in enumerate(safe.dtypes):
        if not is_numeric_dtype(kind):
            safe.isetitem(place, [cell(value) for value in safe.iloc[:, place]])
    return BYTE_ORDER_MARK + str(safe.to_csv(index=False))


def rows_text(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """The same for rows of plain values, in a tenth of the time; NaN and None become nothing."""
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([cell(column) for column in columns])
    lines.writerows([cell(value) if value == value else "" for value in row] for row in rows)
    return text.getvalue()


def cell(value: object) -> object:
    """``value`` in a table for spreadsheets.

    Labels come from files. One that a spreadsheet would take for a formula gets an apostrophe in
    front, which makes it text there; numbers stay numbers.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def check_directory(file: IO[bytes], most: int) -> bool:
    """Whether a ZIP has no more than ``most`` entries, counted by their signatures.

    Reading its directory would not do: a file of 100 MB may list two million empty entries.
    """
    file.seek(0)
    entries, rest = 0, b""
    while chunk := file.read(_CHUNK):
        chunk = rest + chunk
        entries += chunk.count(_ENTRY)
        if entries > most:
            return False
        rest = chunk[-(len(_ENTRY) - 1) :]
    file.seek(0)
    return True
