"""Which of these two makes this channel fire? Questions for people, and how a machine does.

Source: Borowski et al., "Exemplary Natural Images Explain CNN Activations Better than
State-of-the-Art Feature Visualization", ICLR 2021 (arXiv 2010.12606).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image

from inception_viz.classifier import Classifier
from inception_viz.features.checks import features_of
from inception_viz.features.photo_index import Index, PhotoUnit

_TRIES = 1000
_APART = 3.0  # times as strong as the other one


@dataclass(frozen=True)
class TwoPhotos:
    """A question.

    Attributes:
        place: the channel, "4c/5x5:7".
        strong: where it fires most of all photos.
        weak: where it fires weakly, on another photo.
        strong_first: whether the strong one is shown first.
    """

    place: str
    strong: PhotoUnit
    weak: PhotoUnit
    strong_first: bool

    @property
    def shown(self) -> tuple[PhotoUnit, PhotoUnit]:
        """Both, in the order to show them."""
        return (self.strong, self.weak) if self.strong_first else (self.weak, self.strong)

    @property
    def right(self) -> int:
        """Which of :attr:`shown` it is, 0 or 1."""
        return int(not self.strong_first)


def two_photos(index: Index, number: int) -> TwoPhotos | None:
    """The question of that number: a channel of a branch, drawn by lot, and two photos.

    None where no channel drawn tells photos apart.
    """
    random = Random(number)
    branches = [layer for layer in index.layers if not layer.endswith("/reduce")]
    for _ in range(_TRIES):
        layer = random.choice(branches)
        place = f"{layer}:{random.randrange(index.layers[layer])}"
        top, weak = index.top(place, 1), index.band(place, 0)
        if top and weak and top[0].value > _APART * weak[-1].value:
            return TwoPhotos(place, top[0], weak[-1], random.random() < 0.5)
    return None


def nearest(picture: Image.Image, among: Sequence[Image.Image], judge: Classifier) -> int:
    """Which of some pictures is most like ``picture`` in the eyes of another network.

    Alike: the cosine between what the judge's last module puts out, averaged over its map.
    """
    wanted, *others = features_of(judge, [picture, *among])
    likeness = [float(wanted @ f / (np.linalg.norm(f) or 1.0)) for f in others]
    return int(np.argmax(likeness))
