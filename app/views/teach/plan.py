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


LENGTHS = (45, 90)  # minutes


def plan(model: iv.Classifier, minutes: int) -> tuple[Step, ...]:
    """The steps of a lesson of 45 or 90 ``minutes`` for a class that looks into ``model``."""
    place = LENGTHS.index(minutes)
    lasting = {name: lengths[place] for name, lengths in _MINUTES.items()}
    steps = {"says": _says(model), **_STEPS}
    return tuple(steps[name]._replace(minutes=m) for name, m in lasting.items() if m)


_MINUTES = {  # step → minutes of the short lesson, and of the long one
    "says": (4, 5),
    "live": (5, 7),
    "parallel": (4, 6),
    "module": (7, 10),
    "reduction": (4, 6),
    "channels": (0, 8),
    "two_photos": (0, 7),
    "flow": (6, 8),
    "muted": (5, 0),
    "exchange": (0, 6),
    "looking": (0, 6),
    "lab": (0, 9),
    "break_it": (6, 8),
    "class": (4, 4),
}


def _says(model: iv.Classifier) -> Step:
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
    return Step(0, what, "explore", "Explore a goldfish", view)


_STEPS = {
    "live": Step(
        0,
        "**Live.** Hold a cup, a pen, a hand into the camera. Everybody watches one branch: when "
        "does it fire? Cover half of the thing. Without a camera, change the photos at the side.",
        "live",
        "Live",
        {},
    ),
    "parallel": Step(
        0,
        "**Why four branches?** Chapter 1. Everybody predicts which branch is most active, then "
        "look. With a class open, the answers stand on the wall.",
        "learn",
        "Learn, chapter 1",
        {"image": "goldfish", "chapter": "parallel"},
    ),
    "module": Step(
        0,
        "**One module by hand.** Chapter 2. Play the walk slowly, stop, and let the class multiply "
        "one place of the kernel and check the sum. The worksheet has another.",
        "learn",
        "Learn, chapter 2",
        {"image": "goldfish", "chapter": "module", "walk_branch": "5x5"},
    ),
    "reduction": Step(
        0,
        "**What reduction saves.** Chapter 3. Guess first; then find the number of reduce filters "
        "at which nothing is saved.",
        "learn",
        "Learn, chapter 3",
        {"chapter": "reduction"},
    ),
    "channels": Step(
        0,
        "**What a channel looks for.** Each tile is one filter's map. Open some: its painted "
        "picture, the photos that make it fire, what feeds it. Give it a name. Who has another?",
        "branches",
        "The branches of 4c",
        {"image": "raccoon", "module": "4c"},
    ),
    "two_photos": Step(
        0,
        "**Which of the two photos makes it fire?** Chapter 9. Ten rounds each; the class against "
        "the machine.",
        "learn",
        "Learn, chapter 9",
        {"chapter": "channels"},
    ),
    "flow": Step(
        0,
        "**Follow the answer back.** From the answer, point at the widest ribbon, then at the one "
        "in front of it. What does it carry at 3a? What comes from nowhere but biases?",
        "flow",
        "Flow of an espresso",
        {"image": "espresso"},
    ),
    "muted": Step(
        0,
        "**Which branch mattered?** Mute the 5×5 branch of 4c, then others. Who changes the answer "
        "with the fewest clicks?",
        "switchboard",
        "Switchboard, one branch muted",
        {"image": "espresso", "muted": "4c/5x5"},
    ),
    "exchange": Step(
        0,
        "**Exchange a branch.** Chapter 11. Give the photo what a branch saw in another one; "
        "predict, look, and write down in a line what you didn't expect.",
        "learn",
        "Learn, chapter 11",
        {"image": "espresso", "chapter": "exchange"},
    ),
    "looking": Step(
        0,
        "**Where does it look?** The same question for places. Compare an early with a late "
        "module.",
        "grad_cam",
        "Grad-CAM at 5b",
        {"image": "espresso", "cam": "5b"},
    ),
    "lab": Step(
        0,
        "**Change the network.** Take the 5×5 branch out of two modules and rebuild. Guess first: "
        "what does it cost, what does it save, what does it answer?",
        "lab",
        "Architecture lab",
        {"image": "espresso"},
    ),
    "break_it": Step(
        0,
        "**Break it.** Everybody takes a photo, or a frozen frame, and changes as few pixels as "
        "they can until the answer changes. Which branches were fooled?",
        "break_it",
        "Break it",
        {"image": "espresso"},
    ),
    "class": Step(
        0,
        "**What did we think?** The class's answers and scores. Take the question with the most "
        "wrong answers and let two explain it to each other.",
        "classroom",
        "Class",
        {},
    ),
}
