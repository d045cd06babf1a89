"""The lab's table as it is typed, and the network that it describes."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import inception_viz as iv
from inception_viz.architecture import (
    COLUMNS,
    STAGES,
    GoogLeNetConfig,
    Line,
    cell_errors,
    read_lines,
    rows_of,
)
from inception_viz.files import decoded

MAX_CELL = 12  # characters


@dataclass(frozen=True)
class Row:
    """One line of the table: the cells as typed, and the module of the model that it comes from."""

    stage: int
    cells: tuple[str, ...]
    origin: str = ""


@dataclass(frozen=True)
class Draft:
    """The table as it is typed, valid or not; ``frame`` is everything but the modules."""

    rows: tuple[Row, ...]
    frame: GoogLeNetConfig

    @property
    def names(self) -> list[str]:
        """The modules' names, by place."""
        letters = {stage: iter(string.ascii_lowercase) for stage in STAGES}
        return [f"{row.stage}{next(letters[row.stage], '?')}" for row in self.rows]

    @property
    def origins(self) -> dict[str, str | None]:
        """Module → the model's module that it comes from."""
        return {n: row.origin or None for n, row in zip(self.names, self.rows, strict=True)}


@dataclass(frozen=True)
class Meaning:
    """What a draft describes: a network, or the reasons why it is none."""

    config: GoogLeNetConfig | None
    message: str = ""
    errors: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


def draft_of(config: GoogLeNetConfig, known: Sequence[str] = ()) -> Draft:
    """The table of a config; rows come from the modules of the same name where ``known`` has it."""
    rows = []
    for name, row in config.modules.items():
        cells = tuple("" if (v := getattr(row, c)) is None else str(v) for c in COLUMNS)
        rows.append(Row(int(name[0]), cells, name if name in known else ""))
    return Draft(tuple(rows), config)


def meaning(draft: Draft) -> Meaning:
    """Read the draft."""
    names = draft.names
    errors = {
        place: {column: _titled(text) for column, text in found.items()}
        for place, (name, row) in enumerate(zip(names, draft.rows, strict=True))
        if (found := cell_errors(name, row.cells))
    }
    if errors:
        first = next(iter(next(iter(errors.values())).values()))
        return Meaning(None, first, errors)
    try:
        rows = rows_of([row.cells for row in draft.rows], names)
        stages = {
            f"stage{stage}": tuple(
                row for row, line in zip(rows, draft.rows, strict=True) if line.stage == stage
            )
            for stage in STAGES
        }
        return Meaning(replace(draft.frame, **stages))  # type: ignore[arg-type]
    except iv.ConfigError as error:
        return Meaning(None, _titled(str(error)))


def _titled(text: str) -> str:
    """The library's names of columns as the table has them."""
    return re.sub(r"\bf_\w+", lambda name: COLUMNS.get(name[0], name[0]), text)


def draft_in_file(content: bytes, draft: Draft, known: Sequence[str]) -> Draft:
    """The table in a file: a network as JSON, or modules as CSV, which keep ``draft``'s frame.

    ``known``: the model's modules.

    Raises:
        ConfigError: if there is no table in the file.
    """
    if content.startswith(b"PK"):
        raise iv.ConfigError(
            "That is a workbook or an archive. Save the sheet as CSV, or copy its cells and paste "
            "them into the table."
        )
    text = decoded(content)
    if "\0" in text or not text.strip():
        raise iv.ConfigError("That file is no text. Use the JSON or CSV that the lab saves.")
    if text.lstrip().startswith("{"):
        return draft_of(GoogLeNetConfig.from_json(text), known)
    return _from_table(text, draft)


def _from_table(text: str, draft: Draft) -> Draft:
    rows = []
    names = draft.names
    for place, line in enumerate(read_lines(text)):
        known = line.name or (names[place] if place < len(names) else "5x")
        cells = _by_column(line, 0)
        if len(cells) != len(COLUMNS):
            raise iv.ConfigError(
                f"Line {place + 1} has {len(cells)} cells; a module has {len(COLUMNS)} counts, "
                "with or without its name in front."
            )
        texts = tuple(cells[column] for column in COLUMNS)
        rows.append(Row(int(known[0]), texts, known if known in names else ""))
    if not rows:
        raise iv.ConfigError("There are no modules in that file.")
    return Draft(tuple(sorted(rows, key=lambda row: row.stage)), draft.frame)


def pasted(text: str, draft: Draft, place: int, column: int) -> Draft:
    """The table with cells that were pasted at a row and a column, both counted from 0.

    Lines that name their modules go there; cells under titles go where the titles say.

    Raises:
        ConfigError: if it is not clear, or not possible, where a cell should go.
    """
    rows = list(draft.rows)
    for offset, line in enumerate(read_lines(text)):
        named = draft.names.index(line.name) if line.name in draft.names else None
        row = place + offset if named is None else named
        if row >= len(rows):
            raise iv.ConfigError(
                f"From here on the table has {len(rows) - place} modules; that has more lines. Add "
                "modules first, or paste it further up."
            )
        cells = dict(zip(COLUMNS, rows[row].cells, strict=True)) | _by_column(line, column)
        rows[row] = replace(rows[row], cells=tuple(cells[c][:MAX_CELL] for c in COLUMNS))
    return replace(draft, rows=tuple(rows))


def _by_column(line: Line, first: int) -> dict[str, str]:
    """A line's cells by column; without titles they begin at the ``first``, whole rows at 0."""
    columns = list(COLUMNS)
    first = 0 if len(line.cells) == len(columns) else first
    if line.cells and max((c for c in line.cells if isinstance(c, int)), default=0) + first > 5:
        raise iv.ConfigError(
            f"That is {len(line.cells)} cells wide, but from here on the table has "
            f"{len(columns) - first} columns. Paste it further to the left."
        )
    return {c if isinstance(c, str) else columns[first + c]: t for c, t in line.cells.items()}
