"""What a class comes to, live: bars for every question, scores of games, never who."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Any

import streamlit as st

from app.frontend import component
from app.server.classrooms import NoClassError, Own
from app.server.room import Counts, Score, Tally
from app.session import questions, teaching
from inception_viz.figures import BRANCH_COLOURS

_EVERY = 0.5  # seconds
_VIEWS = 3  # of one question, asked of different photos or models
_BINS = 8  # of scores
_NAMES = 30
_KEY = "class_board"
_board = component("class_board")


@st.fragment(run_every=_EVERY)
def show(own: Own) -> None:
    """Draw it, and draw it again twice a second."""
    try:
        data = board_of(teaching.counts(own)) | {"left": teaching.time_left(own)}
    except NoClassError:
        st.rerun()
    _board(key=_KEY, data=data, on_hidden_change=partial(_hide, own))


def _hide(own: Own) -> None:
    said = st.session_state[_KEY].hidden
    teaching.hide(own, int(said["number"]), bool(said["hidden"]))


def board_of(counts: Counts) -> dict[str, Any]:
    """What the board shows, in words and numbers; the newest question first."""
    grouped: dict[str, list[tuple[str, Tally]]] = {}
    for tally in counts.tallies:
        words, seen = questions.in_words(tally.question)
        grouped.setdefault(words, []).append((seen, tally))
    asked = [_question(words, views) for words, views in reversed(grouped.items())]
    games = [_game(game, scores) for game, scores in counts.games.items()]
    return {"pupils": counts.pupils, "questions": asked, "games": games}


def _question(words: str, views: list[tuple[str, Tally]]) -> dict[str, Any]:
    views = sorted(views, key=lambda view: -view[1].answers)
    rest = views[_VIEWS:]
    more = sum(tally.answers for _, tally in rest)
    return {
        "words": words,
        "views": [_view(seen, tally) for seen, tally in views[:_VIEWS]],
        "more": f"{len(rest)} more ways to ask it, {more} answers: in the CSV." if rest else "",
    }


def _view(seen: str, tally: Tally) -> dict[str, Any]:
    answers = "1 answer" if tally.answers == 1 else f"{tally.answers} answers"
    bars = [
        {
            "name": questions.option_words(tally.question, option),
            "count": count,
            "share": 100 * count / tally.answers,
            "right": tally.right[option] == tally.answers,
            "colour": BRANCH_COLOURS.get(option, ""),
        }
        for option, count in tally.chosen.items()
    ]
    return {"seen": seen, "note": f"{answers}, {tally.correct} right", "bars": bars}


def _game(game: str, scores: Sequence[Score]) -> dict[str, Any]:
    known = questions.GAMES[game]
    ranked = sorted(scores, key=lambda score: score.value if known.lowest else -score.value)
    named = [score for score in ranked if score.nickname]
    players = "1 pupil" if len(scores) == 1 else f"{len(scores)} pupils"
    return {
        "title": known.title,
        "note": f"{players}; {known.words}",
        "bars": distribution([score.value for score in scores]),
        "names": [
            {
                "number": score.number,
                "name": "" if score.hidden else score.nickname,
                "hidden": score.hidden,
                "score": f"{score.value:g}",
            }
            for score in named[:_NAMES]
        ],
    }


def distribution(values: Sequence[float]) -> list[dict[str, Any]]:
    """How many reached what: a bar for each value, or for ranges where there are many."""
    low, high = min(values), max(values)
    if len({*values}) <= _BINS:
        counted = [(f"{v:g}", len([*same])) for v, same in groupby(sorted(values))]
    else:
        width = (high - low) / _BINS
        edges = [low + place * width for place in range(_BINS + 1)]
        bins = [0] * _BINS
        for value in values:
            bins[min(int((value - low) / width), _BINS - 1)] += 1
        counted = [(f"{edges[i]:.3g} to {edges[i + 1]:.3g}", n) for i, n in enumerate(bins)]
    return [
        {"name": name, "count": n, "share": 100 * n / len(values), "right": False, "colour": ""}
        for name, n in counted
    ]
