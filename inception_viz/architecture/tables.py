"""The architecture table as spreadsheets hold it: written, and read in any common dialect.

Tabs, semicolons or commas between the cells; decimal commas or points ("64,0"); thousands ("1,024",
"1 024"); titles in any order; a line ``sep=;``. Where a number could mean two things, it is asked
about, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Literal

from inception_viz.architecture.checks import MAX_FILTERS, check_row, whole
from inception_viz.architecture.config import COLUMNS, GoogLeNetConfig, ModuleRow
from inception_viz.errors import ConfigError
from inception_viz.files.foreign import shown

MAX_CHARACTERS = 100_000
MAX_DIGITS = 7
Sign = Literal[".", ","]
_SIGNS: tuple[Sign, Sign] = (".", ",")
_NAME = "module"
_TITLES = {  # as they are written: without spaces, marks and capitals
    "1x1": "f_1x1",
    "3x3reduce": "f_3x3_r",
    "3x3r": "f_3x3_r",
    "3x3": "f_3x3",
    "5x5reduce": "f_5x5_r",
    "5x5r": "f_5x5_r",
    "5x5": "f_5x5",
    "poolproj": "f_pp",
    "poolprojection": "f_pp",
    "proj": "f_pp",
    "pp": "f_pp",
    "pool": "f_pp",
    "module": _NAME,
    "name": _NAME,
    "type": _NAME,
    "layer": _NAME,
}


@dataclass(frozen=True)
class Line:
    """One line of a pasted table.

    Attributes:
        name: the module's, such as "4c"; "" if the line has none.
        cells: column of :data:`COLUMNS`, or place from the left, → the cell: a plain number, or as
            it was written where that is no count or could be two.
    """

    name: str
    cells: dict[str, str] | dict[int, str]


def to_csv(config: GoogLeNetConfig) -> str:
    """The modules as CSV: name and the six columns; an empty cell for a missing pool branch."""
    from inception_viz.files.foreign import rows_text

    rows = ([name, *astuple(row)] for name, row in config.modules.items())
    return rows_text(["module", *COLUMNS.values()], rows)


def read_lines(text: str) -> list[Line]:
    """The lines of a table, or of a part of one, that was pasted or saved.

    With a line of titles, cells go where the titles say, and columns of other titles are left out.
    Without, they are counted from the left, and a module's name may stand in front.

    Raises:
        ConfigError: if cells can't be told from one another, or a title is missing.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError("That is more text than a table of modules has.")
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip(" \t;,\r")]
    separator = None
    if lines and (match := re.match(r"\s*\"?sep=(.)", lines[0])):
        separator, lines = match[1], lines[1:]
    rows = _split(lines, separator)
    titles = _titles(rows[0]) if rows else None
    if titles is not None:
        rows = rows[1:]
    found = [_placed(row, titles) for row in rows]
    sign = _sign(cell for _, cells in found for cell in cells.values())
    return [
        Line(name, {place: _plain(cell, sign) for place, cell in cells.items()})  # type: ignore[arg-type]
        for name, cells in found
    ]


def _split(lines: Sequence[str], separator: str | None) -> list[list[str]]:
    """Cells of each line. Commas separate only in whole rows: elsewhere they belong to numbers."""
    if separator is None:
        separator = next((s for s in "\t;" if any(s in line for line in lines)), None)
    if separator is None and any("," in line for line in lines):
        counts = {line.count(",") + 1 for line in lines}
        if counts <= {len(COLUMNS), len(COLUMNS) + 1} or any(_titles(_cut(x, ",")) for x in lines):
            for number, line in enumerate(lines, start=1):
                if re.fullmatch(r"\s*(\d+,0+\s*,?\s*){3}", line):
                    raise ConfigError(
                        f"Line {number} could be six cells, or three numbers with decimal commas. "
                        "Put tabs or semicolons between the cells."
                    )
            separator = ","
        elif any(_readings(line) == set() for line in lines):
            raise ConfigError(
                "With commas alone it is not clear where a cell ends. Put tabs or semicolons "
                "between the cells, or paste whole rows of six counts."
            )
    rows = [_cut(line, separator) for line in lines]
    while rows and len(rows[0]) > 1 and all(len(row) > 1 and not row[-1] for row in rows):
        if len(rows[0]) <= len(COLUMNS):
            break  # an empty pool projection means something
        rows = [row[:-1] for row in rows]
    return rows


def _cut(line: str, separator: str | None) -> list[str]:
    cells = [line] if separator is None else line.split(separator)
    return [cell.strip().strip('"').strip() for cell in cells]


def _titles(cells: Sequence[str]) -> list[str] | None:
    """What each cell of a line of titles stands for, "" for what is no column; None otherwise."""
    known = [_TITLES.get(re.sub(r"^f_|[^a-z0-9]", "", c.lower().replace("×", "x"))) for c in cells]
    if sum(title in COLUMNS for title in known) + sum(c in COLUMNS for c in cells) < 2:
        return None
    titles = [c if c in COLUMNS else title or "" for c, title in zip(cells, known, strict=True)]
    missing = [COLUMNS[column] for column in COLUMNS if column not in titles]
    twice = [title for title in COLUMNS if titles.count(title) > 1]
    if missing or twice:
        wrong = f"lacks {', '.join(missing)}" if missing else f"has {COLUMNS[twice[0]]} twice"
        raise ConfigError(f"The line of titles {wrong}. It needs the six columns of the table.")
    return titles


def _placed(
    row: Sequence[str], titles: Sequence[str] | None
) -> tuple[str, dict[str, str] | dict[int, str]]:
    """A line's module and its cells by column, or by place where there are no titles."""
    if titles is not None:
        cells = dict(zip(titles, row, strict=False))
        return _named(cells.get(_NAME, "")), {c: cells.get(c, "") for c in COLUMNS}
    if len(row) == len(COLUMNS) + 1 or (len(row) > 1 and _module(row[0])):
        return _named(row[0]), dict(enumerate(row[1:]))
    return "", dict(enumerate(row))


def _named(text: str) -> str:
    name = _module(text)
    if text and not name:
        raise ConfigError(
            f'There is no module called "{shown(text, 20)}". Name them as the paper does: 3a, 3b, '
            "4a … 5b; leave other lines out."
        )
    return name


def _module(text: str) -> str:
    """ "inception (4c)" → "4c"; "" for what names no module."""
    match = re.fullmatch(r"(?:inception)?[\s_(]*([345][a-z])\)?", text.strip().lower())
    return match[1] if match else ""


# Numbers ------------------------------------------------------------------------------------------


def _reading(text: str, sign: Sign) -> int | None:
    """The whole number that ``text`` is if ``sign`` stands in front of its fraction."""
    text = re.sub(r"(?<=\d)[\s'’](?=\d{3}(\D|$))", "", text.strip())
    group = _SIGNS[1 - _SIGNS.index(sign)]
    number, _, fraction = text.partition(sign)
    if not re.fullmatch(rf"\d{{1,3}}(\{group}\d{{3}})+|\d+", number) or fraction.strip("0"):
        return None
    digits = number.replace(group, "")
    return int(digits) if digits.isascii() and len(digits) <= MAX_DIGITS else None


def _readings(text: str) -> set[int]:
    return {n for sign in _SIGNS if (n := _reading(text, sign)) is not None}


def _sign(cells: Iterable[str]) -> Sign | None:
    """The decimal sign with which all cells are counts, if that holds for one of them alone."""
    numbers = [cell for cell in cells if re.search(r"\d[.,]\d", cell)]
    fitting = [s for s in _SIGNS if all(_reading(cell, s) is not None for cell in numbers)]
    return fitting[0] if numbers and len(fitting) == 1 else None


def _plain(cell: str, sign: Sign | None) -> str:
    found = {_reading(cell, sign)} if sign else _readings(cell)
    return str(found.pop()) if len(found) == 1 and None not in found else cell


def read_count(text: str) -> int:
    """A count as people write it; "" is 0.

    Raises:
        ValueError: with what is wrong, to follow the text in a sentence.
    """
    if not text.strip():
        return 0
    found = sorted(_readings(text), reverse=True)
    if len(found) > 1:
        raise ValueError(f"could be {found[0]} or {found[1]}; type the number you mean")
    if not found:
        raise ValueError(f"is not a count; use a whole number from 0 to {MAX_FILTERS}")
    return found[0]


# Cells --------------------------------------------------------------------------------------------


def rows_of(cells: Iterable[Sequence[str]], names: Iterable[str]) -> list[ModuleRow]:
    """Module rows from text cells.

    Raises:
        ConfigError: naming the module and the column of a cell that is no count.
    """
    return [
        ModuleRow(**{c: _read_cell(name, c, text) for c, text in zip(COLUMNS, texts, strict=True)})  # type: ignore[arg-type]
        for name, texts in zip(names, cells, strict=True)
    ]


def _read_cell(name: str, column: str, text: str) -> int | None:
    if column == "f_pp" and not text.strip():
        return None
    try:
        count = read_count(text)
    except ValueError as error:
        raise ConfigError(
            f"Module {shown(name, 20)}, column {column}: {text[:20]!r} {error}.",
            row=name,
            column=column,
        ) from error
    whole(name, column, count, 0, MAX_FILTERS)
    return count


def cell_errors(name: str, cells: Sequence[str]) -> dict[str, str]:
    """Column → what is wrong with its cell, for a module's six cells as typed."""
    errors: dict[str, str] = {}
    for column, text in zip(COLUMNS, cells, strict=True):
        try:
            _read_cell(name, column, text)
        except ConfigError as error:
            errors[column] = str(error)
    if errors:
        return errors
    try:
        check_row(name, *rows_of([cells], [name]))
    except ConfigError as error:  # of the whole row: shown at its first cell
        errors[error.column or next(iter(COLUMNS))] = str(error)
    return errors
