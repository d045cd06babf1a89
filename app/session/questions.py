"""The questions of *Learn* and the games, as a class counts them: by ids, in words without classes.

What a question asks depends on what is looked at, so that is part of its id: the module, the sample
photo, the model. A pupil's own photo, square, class in question or network is just "own": nothing
of it leaves the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import streamlit as st

from app.session import address, choices, photos
from app.session.scene import Scene
from inception_viz.figures import BRANCH_NAMES
from inception_viz.sources import REGISTRY

OWN = "own"


class Question(NamedTuple):
    """A question: its words, with places for what it is asked about; what its answer follows from.

    ``options`` has words for those options that aren't branches or modules.
    """

    words: str
    follows_from: Literal["photo", "model", ""] = "photo"
    options: Mapping[str, str] = {}


QUESTIONS = {
    "branch": Question("Which branch of {0} is most active?"),
    "saving": Question(
        "How many of its multiplications does the branch save?",
        "",
        {str(share): f"about {share}\N{NO-BREAK SPACE}%" for share in range(101)},
    ),
    "dearest": Question("Which module takes the most multiplications?", "model"),
    "last": Question("Which branch of {0} speaks most for the answer?"),
    "early": Question(
        "Does the head after {0} already give the final answer?",
        options={"true": "yes", "false": "no"},
    ),
    "cam": Question("Which branch of {0} holds most of the evidence?"),
    "mute": Question("Muting which branch of {0} changes the answer most?"),
    "whole": Question(
        "If the whole module {0} falls silent, does the first choice stay?",
        options={"true": "it stays", "false": "it changes"},
    ),
    "module": Question("Which module does the channel with this picture belong to?"),
    "flow_last": Question("From which branch of {0} does most flow to the answer?"),
    "flow_before": Question("From which branch of {0} does most flow to the branch found before?"),
    "exchange": Question("Which branch of {0}, taken from {1}, moves the answer furthest?"),
    "whole_exchange": Question(
        "With all branches of {0} from {1}: what does the network say?",
        options={
            "own": "what it said before",
            "other": "what it says of the other photo",
            "else": "something in between",
        },
    ),
}


class Game(NamedTuple):
    """A game: its title, what its score is, whether the ``lowest`` is the best."""

    title: str
    words: str
    lowest: bool = False


GAMES = {
    "two_photos": Game("Which of these two makes it fire?", "right answers among the first ten"),
    "break_it": Game(
        "Break it", "smallest share of pixels that changed an answer, in %", lowest=True
    ),
}


def name_of(question: str, scene: Scene, about: Iterable[str] = ()) -> str:
    """The id under which a class counts it, asked of this scene and ``about`` these places."""
    seen = {
        "photo": (_photo(scene), _model(scene)),
        "model": (_model(scene),),
        "": (),
    }[QUESTIONS[question].follows_from]
    return ",".join((question, *about, *((OWN,) if OWN in seen else seen)))


def option_id(option: object) -> str:
    """The id of an option: "5x5" of the branch 4c/5x5, "true" of True."""
    return choices.id_of(option).rpartition("/")[2]


def in_words(name: str) -> tuple[str, str]:
    """A question of that id in words, and of what it was asked; "" where that says nothing."""
    question, *parts = name.split(",")
    known = QUESTIONS[question]
    blanks = known.words.count("{")
    titles = {sample.id: sample.title for sample in photos.samples().values()}
    titles |= {source.id: source.title for source in REGISTRY.values()}
    places = [titles.get(part, part) for part in parts[:blanks]]
    seen = [titles.get(part, part) for part in parts[blanks:]]
    words = "own photos, classes or networks" if seen == [OWN] else ", ".join(seen)
    return known.words.format(*places), words


def option_words(name: str, option: str) -> str:
    """An option of the question of that id in words."""
    known = QUESTIONS[name.partition(",")[0]].options
    return known.get(option) or BRANCH_NAMES.get(option, option)


def _photo(scene: Scene) -> str:
    """The sample that is looked at as everybody does at first."""
    sample = st.session_state.get(address.SAMPLE)
    plain = (
        sample in photos.samples()
        and photos.sample_picture(sample).sha256 == scene.trace.picture.sha256
        and scene.trace.fitting.fit == "crop"
        and scene.target == scene.trace.top_classes(1)[0][0]
    )
    return str(sample) if plain else OWN


def _model(scene: Scene) -> str:
    """The model's source, unless it is a file or was rebuilt."""
    named = scene.model is scene.base and scene.model.source in REGISTRY
    return scene.model.source if named else OWN
