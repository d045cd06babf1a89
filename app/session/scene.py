"""What every page looks at: one picture through one model, and the class in question."""

from __future__ import annotations

from dataclasses import dataclass

import inception_viz as iv
from app.session.held import Held


@dataclass(frozen=True)
class Scene:
    """The sidebar's choices and the trace that follows from them.

    Attributes:
        model: the classifier.
        base: the same, or the one that it was rebuilt from.
        trace: the picture's trace through it.
        target: index of the class in question.
        photo: what the picture is called: a sample's title, a file's name.
        alt: what it shows, in words.
    """

    model: iv.Classifier
    trace: iv.Trace
    target: int
    photo: str
    alt: str
    base: iv.Classifier


found = Held[Scene | None]("scene", lambda: None)  # of this run


def current() -> Scene:
    """The scene of this run, for pages that are drawn only where there is one."""
    scene = found()
    assert scene is not None
    return scene
