"""Photos that make channels fire: the samples, the user's own, a folder that was indexed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import streamlit as st
from PIL import Image

import inception_viz as iv
from app.server import access
from app.server.jobs import Job, Jobs, Progress
from app.session import own_photos, photo_origin, photos
from inception_viz.features import (
    PhotoUnit,
    Tile,
    TwoPhotos,
    crop,
    index,
    kept_indexes,
    nearest,
)
from inception_viz.figures import jpeg

SAMPLES, OWN = "samples", "own"

_indexes = Jobs(kept=8)  # of some MB at most
_choices = Jobs(kept=256)


@dataclass(frozen=True, eq=False)
class Seen:
    """Photos, and where each of a model's channels fires most on them.

    Attributes:
        index: of the photos.
        titles: what a person calls them, by the index's names; itself where it isn't there.
        open: makes a photo the one that all pages look at; None where that can't be.
        picture: gives a photo by the index's name; None where the index reads it itself.
    """

    index: iv.Index
    titles: Mapping[str, str]
    open: Callable[[str], None] | None = None
    picture: Callable[[str], iv.Picture] | None = None

    def title(self, row: PhotoUnit) -> str:
        """What a person calls the photo."""
        return self.titles.get(row.picture, row.picture)


def sources(model: iv.Classifier) -> dict[str, str]:
    """Whose photos there are to look at: id → title."""
    known = {SAMPLES: "samples"}
    if own_photos.photos():
        known[OWN] = "your photos"
    if access.folders_allowed():
        for path in kept_indexes(model)[:3]:
            known[path.stem] = f"folder {path.stem.rpartition('-')[0]}"
    return known


def seen(model: iv.Classifier, source: str) -> Job[Seen]:
    """Look at the photos of one of :func:`sources`.

    Its error is an ImageError for a photo that can't be read any more, a BatchError for a folder's
    index that is damaged.
    """
    if source == SAMPLES:
        known = photos.samples()
        titles = {name: sample.title for name, sample in known.items()}
        ways = _Ways(photos.sample_picture, photos.sample_picture, photo_origin.choose_sample)
        return _looked_at(model, titles, ways)
    if source == OWN:
        mine = {photo.id: photo for photo in own_photos.photos()}
        titles = {own: photo.name for own, photo in mine.items()}
        ways = _Ways(lambda own: own_photos.decoded(mine[own]), _own, own_photos.choose)
        return _looked_at(model, titles, ways)
    path = next(path for path in kept_indexes(model) if path.stem == source)
    key = (model.key, path, path.stat().st_mtime_ns)
    return _indexes.get(key, lambda _progress: Seen(iv.Index.load(path), {}))


def _own(photo: str) -> iv.Picture:
    """A photo of this session: what sessions share holds no photos."""
    return own_photos.decoded(next(own for own in own_photos.photos() if own.id == photo))


class _Ways(NamedTuple):
    """Ways to photos by their ids: for the job that looks, for a page, and to open one."""

    read: Callable[[str], iv.Picture]
    picture: Callable[[str], iv.Picture]
    open: Callable[[str], None]


def _looked_at(model: iv.Classifier, titles: Mapping[str, str], ways: _Ways) -> Job[Seen]:
    """The index calls photos by their places in the list, we by their ids."""
    ids, picture, show = list(titles), ways.picture, ways.open

    def work(progress: Progress) -> Seen:
        found = index(
            model,
            [ways.read(one) for one in ids],
            progress=lambda done, total: progress(done / total),
        )
        assert found is not None
        return Seen(
            found,
            {str(place): titles[one] for place, one in enumerate(ids)},
            lambda place: show(ids[int(place)]),
            lambda place: picture(ids[int(place)]),
        )

    return _indexes.get((model.key, *ids), work)


@st.cache_data(
    show_spinner=False,
    max_entries=2048,
    ttl=3600,
    hash_funcs={Seen: lambda seen: (seen.index.model, seen.index.folder, seen.index.pictures)},
)
def crop_of(
    seen: Seen, place: str, row: PhotoUnit, *, side: int = 160, marked: bool = True
) -> bytes:
    """The part of a photo that made a channel fire, as a JPEG; its strongest unit ``marked``.

    Raises:
        ImageError: if the photo has gone.
    """
    image = _crop(seen, place, row, marked)
    return jpeg(image.resize((side, side)), quality=80)


def _crop(seen: Seen, place: str, row: PhotoUnit, marked: bool) -> Image.Image:
    picture = seen.picture(row.picture) if seen.picture else None
    return crop(seen.index, place, row, picture, marked=marked)


def nearest_photo(
    judge: iv.Classifier, model: iv.Classifier, seen: Seen, question: TwoPhotos, tile: Tile
) -> Job[int]:
    """Which photo of a question, 0 or 1 as shown, a machine takes that goes by the picture."""
    photos = [_crop(seen, question.place, unit, marked=False) for unit in question.shown]
    key = (judge.key, model.key, question.place, *question.shown)
    return _choices.get(key, lambda _progress: nearest(tile.image, photos, judge))
