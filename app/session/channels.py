"""What channels look for, and what they are wired to; slow answers come as jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from PIL import Image

import inception_viz as iv
from app.server.jobs import Job, Jobs, Progress, finished
from app.session import traces
from inception_viz.architecture import Place
from inception_viz.explain import (
    Inputs,
    Order,
    channel_inputs,
    channel_push,
    scale_channel,
    strongest_channels,
    within,
)
from inception_viz.features import (
    Painting,
    Tile,
    Tuning,
    atlas_of,
    picture_of,
    tuning_of,
)
from inception_viz.figures import Sprite, picture_sprite

FACTORS = tuple(quarter / 4 for quarter in range(17))  # 0 to 4
_LARGE = 192  # pixels
_STEPS = 40  # of a picture that somebody waits for: nine tenths of what 64 reach

_tiles = Jobs(kept=256)  # of 3 KB
_paintings = Jobs(kept=16)
_wirings = Jobs(kept=64)
_tunings = Jobs(kept=4)  # of 1 MB


class Tiles(dict[Place, Tile]):
    """Channel → its painted picture."""


def tiles(model: iv.Classifier, places: Sequence[Place]) -> Job[Tiles]:
    """The painted pictures of channels: known, or painted now and kept.

    The job's error is a FileError if they can't be kept.
    """
    atlas = atlas_of(model)
    known = {place: atlas.tile(place) for place in places}
    missing = [place for place, found in known.items() if found is None]
    if not missing:
        return finished(Tiles({place: found for place, found in known.items() if found}))

    def work(progress: Progress) -> Tiles:
        for done, place in enumerate(missing):
            assert place.channel is not None
            part = within(progress, done, len(missing))
            atlas.paint(place, [place.channel], steps=_STEPS, progress=part)
        found = {place: atlas.tile(place) for place in places}
        return Tiles({place: tile for place, tile in found.items() if tile})

    return _tiles.get((model.key, *missing), work)


def rest_of_branch(model: iv.Classifier, branch: Place) -> Job[int]:
    """Paint what a branch's atlas lacks; the result is how many that were."""
    atlas = atlas_of(model)
    missing = atlas.missing(branch)

    def work(progress: Progress) -> int:
        atlas.paint(branch, missing, progress=progress)
        return len(missing)

    return _tiles.get((model.key, branch, len(missing)), work)


def sprite(found: iv.Trace, model: iv.Classifier, branch: Place, order: Order) -> Sprite:
    """The painted pictures of a branch's channels in the order of their maps, as one picture."""
    return _sprite(found, model, branch, order, len(atlas_of(model).missing(branch)))


@st.cache_resource(show_spinner=False, max_entries=64, ttl=3600, hash_funcs=traces.KEYS)
def _sprite(
    found: iv.Trace, model: iv.Classifier, branch: Place, order: Order, _missing: int
) -> Sprite:
    channels = [int(c) for c in traces.layer(found, str(branch)).order(order)]
    atlas = atlas_of(model)
    tiles = {c: atlas.tile(replace(branch, channel=c)) for c in channels}
    return picture_sprite(channels, {c: tile.image for c, tile in tiles.items() if tile})


@dataclass(frozen=True)
class Looks:
    """What the strongest channels of every branch look for.

    Attributes:
        sprite: one picture of all.
        places: branch ("4c/5x5") → the places of its channels' tiles in the sprite.
    """

    sprite: Sprite
    places: dict[str, list[int]]


@st.cache_resource(show_spinner=False, max_entries=16, ttl=3600, hash_funcs=traces.KEYS)
def looks(found: iv.Trace, model: iv.Classifier) -> Looks | None:
    """Of the three strongest channels of each branch on this photo; None without any picture."""
    atlas = atlas_of(model)
    images: list[Image.Image] = []
    places = {}
    for branch, numbers in strongest_channels(found, 3).items():
        tiles = [atlas.tile(replace(branch, channel=number)) for number in numbers]
        painted = [tile.image for tile in tiles if tile is not None]
        places[str(branch)] = [*range(len(images), len(images) + len(painted))]
        images += painted
    if not images:
        return None
    return Looks(picture_sprite(range(len(images)), dict(enumerate(images)), side=56), places)


def painting(
    model: iv.Classifier, what: str, *, opposite: bool, seed: int, start: iv.Trace | None
) -> Job[Painting]:
    """A large painting of any layer or channel; it begins with the photo of ``start``, if given."""
    return _paintings.get(
        (model.key, what, opposite, seed, traces.key_of(start) if start else None),
        lambda progress: picture_of(
            model,
            what,
            size=_LARGE,
            opposite=opposite,
            seed=seed,
            start=start.picture.image if start else None,
            progress=progress,
        ),
    )


@dataclass(frozen=True, eq=False)
class Wiring:
    """One channel in the network, on one photo.

    Attributes:
        inputs: what feeds it.
        push: (classes,), what it pushes each logit by.
        scaled: (17, classes), the probabilities if it were 0 to 4 times as strong, by
            :data:`FACTORS`.
    """

    inputs: Inputs
    push: np.ndarray
    scaled: np.ndarray


def wiring(model: iv.Classifier, found: iv.Trace, place: Place) -> Job[Wiring]:
    """How a channel of a branch is wired."""
    return _wirings.get(
        (traces.key_of(found), place),
        lambda _progress: Wiring(
            channel_inputs(model, found, place),
            channel_push(model, found, place),
            scale_channel(model, found, place, FACTORS),
        ),
    )


def tuned(model: iv.Classifier) -> Job[Tuning]:
    """How a model's channels answer patterns made by rule: known, or measured now and kept."""
    return _tunings.get(model.key, lambda progress: tuning_of(model, progress=progress))
