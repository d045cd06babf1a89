"""The picture with the tools, the answer before and after, and what follows from every change."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.frontend import component
from app.session import breaking
from app.session.breaking import Game, Verdict
from app.session.scene import Scene
from app.views.break_it import fooled, pictures
from app.widgets import answers, messages
from app.widgets.waiting import result_of
from inception_viz.figures import data_url, png, short_number
from inception_viz.pictures import MOST_POINTS

_board = component("break_it")
_KEY = "break_it_board"
_GOAL = "Aim: another answer with the fewest pixels."


@st.fragment
def show(scene: Scene) -> None:
    """Draw what follows a change at once; the rest of the page stays."""
    with messages.errors():
        game = breaking.current(scene)
        before = result_of(breaking.traced(scene.model, game.picture))
        after = result_of(breaking.traced(scene.model, game.changed()))
        found = breaking.judge(game, before, after)
        _board(key=_KEY, data=_data(scene, game, found), on_changed_change=_take)
        pictures.show(scene, game, found)
        fooled.show(scene, found)


def _take() -> None:
    breaking.take(st.session_state[_KEY].changed)


def _data(scene: Scene, game: Game, found: Verdict) -> dict[str, Any]:
    """What the browser draws."""
    count, pixels = int(found.changed.sum()), found.changed.size
    best = game.best
    return {
        "base": game.id,
        "side": game.changes.side,
        "points": MOST_POINTS,
        "number": game.number,
        "place": game.place,
        "count": len(game.steps),
        "picture": data_url(png(found.after.picture.image), "png"),
        "alt": scene.alt,
        "wrong": game.wrong,
        "broken": found.broken,
        "says": _says(found),
        "changed": f"Changed: {_share(found.share)} of the pixels",
        "pixels": f"{count:,} of {pixels:,}",
        "best": _GOAL if best is None else f"Best so far: {_share(best.share)}, {best.answer}",
        "clean": not game.changes.steps,
        "can_return": best is not None and best.changes != game.changes,
        "answers": [
            ["Before", answers.rows(found.before)],
            ["After", answers.rows(found.after)],
        ],
    }


def _share(share: float) -> str:
    """ "2.31 %": finer than elsewhere, since a single pixel counts."""
    return f"{short_number(100 * share)}\N{NO-BREAK SPACE}%"


def _says(found: Verdict) -> str:
    labels = found.before.labels
    before, after = (labels[answer] for answer in found.answers)
    if len(labels) == 1:
        return f"This network knows one class, {before}: its answer can't change."
    if found.broken:
        return f"Broken: {after} instead of {before}"
    return f"Still {before}" if found.changed.any() else f"It says {before}"
