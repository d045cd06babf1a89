"""The lab's table as this session edits it: the draft now, undo, redo, its link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

import inception_viz as iv
from app.session import lab, links
from app.session.address import ARCHITECTURE
from app.session.lab_draft import Draft, draft_of, meaning, pasted
from inception_viz import GoogLeNetConfig
from inception_viz.architecture import COLUMNS, decode, encode

_KEY = "lab_history"
MAX_STEPS = 200


@dataclass
class _History:
    """What a session did to the table of ``base``, a model's key."""

    base: str
    steps: list[Draft]
    number: int  # of changes; what the table on the page shows belongs to one of them
    place: int = 0  # of the step that is shown
    live: Draft | None = None  # typed, but not left yet
    problem: str = ""  # of the link, not said yet
    valid: GoogLeNetConfig | None = None  # the newest network that can be built
    refusal: tuple[int, str] = (-1, "")  # the change that was refused, and why

    @property
    def committed(self) -> Draft:
        return self.steps[self.place]

    def commit(self, draft: Draft) -> None:
        self.live = None
        if draft != self.committed:
            self.steps = [*self.steps[: self.place + 1], draft][-MAX_STEPS:]
            self.place = len(self.steps) - 1


def _history() -> _History:
    found: _History = st.session_state[_KEY]
    return found


def current(base: iv.Classifier) -> Draft:
    """The draft now: as typed; else from the link; else the model's own table."""
    known: _History | None = st.session_state.get(_KEY)
    if known is None or known.base != base.key:
        _start(base, 0 if known is None else known.number)
    elif links.went_back():
        _follow_link(base)
    return _history().live or _history().committed


def problem() -> str:
    """Why the link's network can't be shown, once; "" if it can."""
    history = _history()
    said, history.problem = history.problem, ""
    return said


def _start(base: iv.Classifier, number: int) -> None:
    history = _History(base.key, [draft_of(base.config, tuple(base.config.modules))], number + 1)
    st.session_state[_KEY] = history
    text = lab.architecture()
    if text:
        try:
            history.commit(_linked(base, text))
        except iv.ConfigError as error:
            history.problem = str(error)
            lab.set_architecture("", {})


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
    text = st.query_params.get(ARCHITECTURE, "")
    history = _history()
    try:
        wanted = _linked(base, text) if text else history.steps[0]
    except iv.ConfigError:
        return
    history.number += 1
    history.live = None
    if wanted in history.steps:
        places = [place for place, draft in enumerate(history.steps) if draft == wanted]
        history.place = min(places, key=lambda place: abs(place - history.place))
    else:
        history.commit(wanted)
    _to_link()
    if not text:
        lab.set_architecture("", {})


def number() -> int:
    """How many changes there were; what the table shows belongs to one of them."""
    return _history().number


def take(draft: Draft, *, typed: int | None = None, done: bool = True) -> None:
    """Make ``draft`` the table, as change number ``typed`` if it came from the table itself.

    It isn't ``done`` while a cell is still being typed: no step of its own for undo.
    """
    history = _history()
    history.number = history.number + 1 if typed is None else max(typed, history.number)
    if not done:
        history.live = draft
        return
    history.commit(draft)
    _to_link()


def paste(text: str, at: Sequence[int], draft: Draft, typed: int) -> None:
    """Put cells from elsewhere into the table, as change number ``typed``.

    ``at``: row and column of the cell where they were pasted. What can't be placed is refused with
    a :func:`refusal`, and nothing changes.
    """
    row, column = (max(int(place), 0) for place in at[:2])
    try:
        changed = pasted(text, _history().live or draft, row, min(column, len(COLUMNS) - 1))
    except iv.ConfigError as error:
        _history().refusal = (typed, str(error))
        changed = _history().live or draft
    take(changed, typed=typed)


def refusal() -> str:
    """Why the newest paste was refused; "" if it wasn't. Said until the next change."""
    number, why = _history().refusal
    return why if number == _history().number else ""


def can_step(by: int) -> bool:
    """Whether there is a step to undo (−1) or redo (1)."""
    return 0 <= _history().place + by < len(_history().steps)


def step(by: int, typed: int) -> None:
    """Undo (−1) or redo (1), as change number ``typed``."""
    history = _history()
    history.number = max(typed, history.number)
    if history.live is not None and by < 0:
        history.commit(history.live)
    if can_step(by):
        history.place += by
        history.live = None
    # Last: writing the link may interrupt this run for a newer one, which brings the step again.
    _to_link()


def _to_link() -> None:
    draft = _history().committed
    found = meaning(draft).config
    if found is not None:
        lab.set_architecture(encode(found), draft.origins)
        lab.config.set(found)


def built_last(config: GoogLeNetConfig | None) -> GoogLeNetConfig | None:
    """Note a network that can be built, if there is one; the newest so far."""
    history = _history()
    history.valid = config or history.valid
    return history.valid
