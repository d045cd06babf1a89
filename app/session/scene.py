"""What every page looks at: one picture through one model, and the class in question."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import inception_viz as iv
from app.session.held import Held
from inception_viz.explain import Cams
from inception_viz.figures import Grid


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

    def grid(
        self, values: np.ndarray, layer: str, step: str = "", *, channel: int | None = None
    ) -> Grid:
        """A map (height, width) of a layer ("4c/5x5", "4c/5x5/reduce", "conv1") to be saved."""
        module, branch, kind, *_ = (*layer.split("/"), "", "")
        title = self.model.title
        return Grid(values, module, branch, step or kind, channel, photo=self.photo, model=title)

    def cam_grid(self, cams: Cams, module: str, branch: str = "") -> Grid:
        """A class activation map, before negative parts are cut off; default the module's."""
        layer = f"{module}/{branch or 'whole module'}"
        grid = self.grid(cams.raw(module, branch or None), layer)
        return replace(grid, target=cams.target.describe(self.trace.labels))


found = Held[Scene | None]("scene", lambda: None)  # of this run


def current() -> Scene:
    """The scene of this run, for pages that are drawn only where there is one."""
    scene = found()
    assert scene is not None
    return scene
