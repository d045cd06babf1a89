"""The architecture lab's state: a draft of the table, its history, and what it means."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

import inception_viz as iv
from app.session import lab, links
from app.widgets.markdown import plain
from inception_viz.architecture.config import COLUMNS, STAGES, GoogLeNetConfig
from inception_viz.architecture.text import cell_errors, decode, encode, rows_of

_HISTORY = "lab_history"
_PLACE = "lab_place"
_LIVE = "lab_live"  # typed, but not left yet
_NUMBER = "lab_number"
_BASE = "lab_base"
MAX_STEPS = 200


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


def current(base: iv.Classifier) -> Draft:
    """The draft now: as typed; else from the link; else the model's own table."""
    if st.session_state.get(_BASE) != base.key or _HISTORY not in st.session_state:
        _start(base)
    elif links.went_back():
        _follow_link(base)
    live: Draft | None = st.session_state.get(_LIVE)
    return live or _committed()


def _start(base: iv.Classifier) -> None:
    known = tuple(base.config.modules)
    history = [draft_of(base.config, known)]
    text = lab.architecture()
    if text:
        try:
            history.append(_linked(base, text))
        except iv.ConfigError as error:
            st.toast(f"{plain(str(error))} Showing the model's own table.")
            lab.set_architecture("", {})
    st.session_state[_BASE] = base.key
    st.session_state[_HISTORY] = history
    st.session_state[_PLACE] = len(history) - 1
    st.session_state[_LIVE] = None
    st.session_state[_NUMBER] = number() + 1


def _linked(base: iv.Classifier, text: str) -> Draft:
    config = decode(text)
    known = tuple(base.config.modules)
    draft = draft_of(config)
    matched = lab.origins(config) or iv.surgery.match_modules(base.config, config)
    rows = tuple(
        replace(row, origin=(matched.get(n) or "") if matched.get(n) in known else "")
        for n, row in zip(draft.names, draft.rows, strict=True)
    )
    return replace(draft, rows=rows)


def _follow_link(base: iv.Classifier) -> None:
    """Back or forward in the browser: to the step of the history that the address shows."""
    text = lab.linked_architecture()
    history: list[Draft] = st.session_state[_HISTORY]
    try:
        wanted = _linked(base, text) if text else history[0]
    except iv.ConfigError:
        return
    st.session_state[_NUMBER] = number() + 1
    st.session_state[_LIVE] = None
    if wanted in history:
        here: int = st.session_state[_PLACE]
        places = [place for place, draft in enumerate(history) if draft == wanted]
        st.session_state[_PLACE] = min(places, key=lambda place: abs(place - here))
    else:
        _commit(wanted)
    _to_link()
    if not text:
        lab.set_architecture("", {})


def _committed() -> Draft:
    history: list[Draft] = st.session_state[_HISTORY]
    place: int = st.session_state[_PLACE]
    return history[place]


def number() -> int:
    """How many changes there were; what the table shows belongs to one of them."""
    found: int = st.session_state.get(_NUMBER, 0)
    return found


def take(draft: Draft, *, typed: int | None = None, done: bool = True) -> None:
    """Make ``draft`` the table.

    Args:
        draft: the table.
        typed: the number of the change if it came from the table itself.
        done: False while a cell is still being typed: no step of its own for undo.
    """
    st.session_state[_NUMBER] = number() + 1 if typed is None else max(typed, number())
    if not done:
        st.session_state[_LIVE] = draft
        return
    _commit(draft)
    _to_link()


def _commit(draft: Draft) -> None:
    st.session_state[_LIVE] = None
    if draft != _committed():
        place = st.session_state[_PLACE]
        history = [*st.session_state[_HISTORY][: place + 1], draft][-MAX_STEPS:]
        st.session_state[_HISTORY] = history
        st.session_state[_PLACE] = len(history) - 1


def can_step(by: int) -> bool:
    """Whether there is a step to undo (−1) or redo (1)."""
    place: int = st.session_state[_PLACE]
    return 0 <= place + by < len(st.session_state[_HISTORY])


def step(by: int, typed: int) -> None:
    """Undo (−1) or redo (1), as change number ``typed``."""
    st.session_state[_NUMBER] = max(typed, number())
    live: Draft | None = st.session_state.get(_LIVE)
    if live is not None and by < 0:
        _commit(live)
    if can_step(by):
        st.session_state[_PLACE] += by
        st.session_state[_LIVE] = None
    # Last: writing the link may interrupt this run for a newer one, which brings the step again.
    _to_link()


def _to_link() -> None:
    found = meaning(_committed())
    if found.config is not None:
        lab.set_architecture(encode(found.config), _committed().origins)
        st.session_state[lab.CONFIG] = found.config
