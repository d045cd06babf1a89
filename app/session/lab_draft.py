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
    cell_errors,
    read_rows,
    rows_of,
)
from inception_viz.files import shown


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
    text = _text(content)
    if text.lstrip().startswith("{"):
        return draft_of(GoogLeNetConfig.from_json(text), known)
    return _from_table(text, draft)


def _text(content: bytes) -> str:
    try:
        return content[:200_001].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise iv.ConfigError(
            "That file is no text. Use the JSON or CSV that the lab saves."
        ) from error


def _from_table(text: str, draft: Draft) -> Draft:
    rows = []
    names = draft.names
    for place, (name, cells) in enumerate(read_rows(text)):
        known = name or (names[place] if place < len(names) else "5x")
        if known[0] not in "345":
            raise iv.ConfigError(f'There is no stage for a module called "{shown(known, 20)}".')
        rows.append(Row(int(known[0]), tuple(cells), known if known in names else ""))
    if not rows:
        raise iv.ConfigError("There are no modules in that file.")
    return Draft(tuple(sorted(rows, key=lambda row: row.stage)), draft.frame)
