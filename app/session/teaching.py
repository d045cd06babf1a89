"""The teacher's part of a class: open it, see what it comes to, hide nicknames, end it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.server.classrooms import SHARED, Own
from app.server.room import ClassError, Counts
from app.session import classroom, questions
from app.session.held import Held
from inception_viz.files import rows_text

_COLUMNS = ("pupil", "question", "asked of", "answer", "right", "game", "score")


@dataclass(frozen=True)
class Ended:
    """A class that was ended here, and the table of what it counted."""

    code: str
    table: str


ended = Held[Ended | None]("class_ended", lambda: None)  # the last one


def own() -> Own | None:
    """The class that this browser has opened and that is still open."""
    now = classroom.state()
    if now.own is not None and not SHARED.owns(now.own):
        now.own = None
    return now.own


def begin() -> None:
    """Open a class, and be its teacher."""
    try:
        classroom.teach(SHARED.open(st.context.ip_address))
        ended.set(None)
    except ClassError as error:
        classroom.say(str(error))


def counts(taught: Own) -> Counts:
    """What the class has come to.

    Raises:
        NoClassError: if it has ended; so with all that follow.
    """
    return SHARED.counts(taught)


def time_left(taught: Own) -> str:
    """How long it stays open unless it is ended, in words."""
    hours = round(SHARED.seconds_left(taught) / 3600)
    return f"{hours} hours" if hours > 1 else "an hour at most"


def hide(taught: Own, number: int, hidden: bool) -> None:
    """Hide a pupil's nickname, or show it again."""
    SHARED.hide(taught, number, hidden)


def end() -> None:
    """End the class, and keep its table for as long as this session lasts."""
    now = classroom.state()
    taught, now.own = now.own, None
    if taught is None:
        return
    try:
        ended.set(Ended(taught.code, table(taught)))
        SHARED.end(taught)
    except ClassError as error:
        classroom.say(str(error))
    now.gone = (*now.gone[-5:], taught.code)
    if now.code == taught.code:
        classroom.leave()


def table(taught: Own) -> str:
    """All answers and scores as CSV: a row each, pupils as numbers."""
    rows: list[tuple[object, ...]] = []
    for line in SHARED.lines(taught):
        if line.game:
            game = questions.GAMES[line.game]
            rows.append((line.pupil, "", "", "", "", game.title, line.value))
        else:
            words, seen = questions.in_words(line.question)
            choice = questions.option_words(line.question, line.choice)
            right = "yes" if line.right else "no"
            rows.append((line.pupil, words, seen, choice, right, "", ""))
    return rows_text(_COLUMNS, rows)
