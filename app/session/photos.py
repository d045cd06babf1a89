"""The bundled photos."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

import inception_viz as iv
from inception_viz.figures import data_url, jpeg
from inception_viz.sources import are_imagenet

FOLDER = Path(__file__).parents[2] / "assets" / "samples"


@dataclass(frozen=True)
class Sample:
    """A bundled photo and who made it."""

    id: str
    title: str
    alt: str
    author: str
    licence: str
    origin: str
    expected: list[str]

    @property
    def path(self) -> Path:
        """The file."""
        return FOLDER / f"{self.id}.jpg"


@st.cache_resource(show_spinner=False)
def samples() -> dict[str, Sample]:
    """The bundled photos by id, in the order to show them."""
    rows: list[dict[str, Any]] = json.loads((FOLDER / "credits.json").read_text("utf-8"))
    return {row["id"]: Sample(**row) for row in rows}


def samples_for(model: iv.Classifier | None) -> tuple[list[Sample], list[Sample]]:
    """The bundled photos that show a class of ``model``, and those that don't.

    All are in the first list where it can't be told.
    """
    bundled = samples().values()
    foreign = [s for s in bundled if model is not None and has_a_class_for(s.id, model) is False]
    return [sample for sample in bundled if sample not in foreign], foreign


def has_a_class_for(sample: str, model: iv.Classifier) -> bool | None:
    """Whether ``model`` has a class for what a sample shows; None where it can't be told.

    That is where nobody knows what its classes are: they were assumed, numbered, or have names of
    somebody's own, or the weights are random.
    """
    weights = model.weights
    if "labels" in weights.assumed or model.source == "random" or not _imagenet(model.labels):
        return None
    return not set(samples()[sample].expected).isdisjoint(model.labels)


_imagenet = lru_cache(maxsize=8)(are_imagenet)


@st.cache_resource(show_spinner=False, max_entries=32)
def sample_picture(name: str) -> iv.Picture:
    """A bundled photo, decoded."""
    return iv.read_picture(samples()[name].path)


@st.cache_data(show_spinner=False, max_entries=32, hash_funcs={iv.Picture: lambda p: p.sha256})
def whole(picture: iv.Picture) -> str:
    """A photo as a data URL, its longer side 640 pixels at most: the sidebar's width, twice."""
    image = picture.image.copy()
    image.thumbnail((640, 640))
    return data_url(jpeg(image, quality=80))


def shows_a_class_of(picture: iv.Picture, model: iv.Classifier) -> bool | None:
    """The same for any photo; None also where it is none of the bundled ones."""
    found = (name for name in samples() if sample_picture(name).sha256 == picture.sha256)
    return next((has_a_class_for(name, model) for name in found), None)


@lru_cache(maxsize=64)
def thumbnail(path: Path, side: int) -> str:
    """A small JPEG of a picture file, its longer side ``side`` pixels, as a data URL."""
    with Image.open(path) as image:
        image.thumbnail((side, side))
        return data_url(jpeg(image.convert("RGB"), quality=80))
