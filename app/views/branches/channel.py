"""The channel that a dashboard is about."""

from __future__ import annotations

from dataclasses import dataclass

from app.session import traces
from app.session.scene import Scene
from inception_viz.architecture import Place
from inception_viz.explain import Layer


@dataclass(frozen=True)
class Channel:
    """A channel of a layer ("4c/5x5", "4c/5x5/reduce", "conv1"), as the dashboard's parts see it.

    Attributes:
        scene: the photo and the network.
        layer: the layer's name.
        number: the channel's.
        colour: of its branch.
    """

    scene: Scene
    layer: str
    number: int
    colour: str

    @property
    def name(self) -> str:
        """ "4c/5x5:7", as the library writes it."""
        return f"{self.layer}:{self.number}"

    @property
    def place(self) -> Place | None:
        """The same for a channel of a branch; None elsewhere."""
        return Place.parse(self.name)

    @property
    def measured(self) -> Layer:
        """Its layer on this photo."""
        return traces.layer(self.scene.trace, self.layer)
