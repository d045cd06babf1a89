"""The lesson plan: what to do, for how long, and the view that is prepared for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import inception_viz as iv
from app.session import photos
from app.widgets.messages import plain


class Step(NamedTuple):
    """One step: minutes, what to do (Markdown), page, the link's text, the view's parameters."""

    minutes: int
    what: str
    page: str
    link: str
    query: Mapping[str, str]


def plan(model: iv.Classifier) -> tuple[Step, ...]:
    """The steps for a class that looks into ``model``."""
    classes = f"{len(model.labels):,}"
    goldfish = photos.has_a_class_for("goldfish", model)
    if goldfish is None:
        what = (
            "Show the goldfish and the network's answer, then other photos at the side. What can "
            f"it say at all? It has {classes} answers, and must choose one."
        )
    elif goldfish:  # so its classes are ImageNet's, and no moose is among them
        what = (
            "Show the goldfish and the network's answer. Then the moose at the side: among its "
            f"{classes} classes there is no moose. What will it say, and why that?"
        )
    else:
        what = (
            "Show a photo and the network's answer. Let the class find what is odd: "
            f"{plain(model.title)} knows {classes} classes, and a goldfish isn't one of them."
        )
    what, view = f"**What does it say?** {what}", {"image": "goldfish"}
    return (Step(5, what, "explore", "Explore a goldfish", view), *_STEPS)


_STEPS = (
    Step(
        5,
        "**Why four branches?** Chapter 1. Everybody predicts which branch is most active, then "
        "look.",
        "learn",
        "Learn, chapter 1",
        {"image": "goldfish", "chapter": "parallel"},
    ),
    Step(
        8,
        "**One module by hand.** Chapter 2. Play the walk slowly, stop, and let the class multiply "
        "one place of the kernel and check the sum.",
        "learn",
        "Learn, chapter 2",
        {"image": "goldfish", "chapter": "module", "walk_branch": "5x5"},
    ),
    Step(
        5,
        "**What reduction saves.** Chapter 3. Guess first; then find the number of reduce filters "
        "at which nothing is saved.",
        "learn",
        "Learn, chapter 3",
        {"chapter": "reduction"},
    ),
    Step(
        6,
        "**All channels of a module.** Each tile is one filter's map. Click tiles: who finds an "
        "edge that others don't?",
        "branches",
        "The branches of 4c",
        {"image": "raccoon", "module": "4c"},
    ),
    Step(
        6,
        "**Which branch mattered?** Mute the 5×5 branch of 4c, then others. Who changes the answer "
        "with the fewest clicks?",
        "switchboard",
        "Switchboard, one branch muted",
        {"image": "espresso", "muted": "4c/5x5"},
    ),
    Step(
        5,
        "**Where does it look?** The same question for places. Compare an early with a late "
        "module.",
        "grad_cam",
        "Grad-CAM at 5b",
        {"image": "espresso", "cam": "5b"},
    ),
    Step(
        5,
        "**Your own photo.** Students upload pictures, find one surprising thing, and send the "
        "figure (*Save PNG*) or the whole *Report*.",
        "explore",
        "Explore, coloured by contribution",
        {"metric": "contribution"},
    ),
)
