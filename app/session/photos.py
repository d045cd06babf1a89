"""Photos: the bundled ones, and the user's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

import inception_viz as iv
from app.server.jobs import Job, Jobs
from app.session import uploads
from app.session.held import Held
from inception_viz.figures import data_url, jpeg
from inception_viz.sources import imagenet_labels

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
    bundled = list(samples().values())
    if model is None or not names_imagenet_classes(model.labels):
        return bundled, []
    known = [sample for sample in bundled if not set(sample.expected).isdisjoint(model.labels)]
    return known, [sample for sample in bundled if sample not in known]


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
    """Whether ``model`` has a class for what is on a bundled photo; None where it can't be told."""
    if not names_imagenet_classes(model.labels):
        return None
    for name, sample in samples().items():
        if sample_picture(name).sha256 == picture.sha256:
            return not set(sample.expected).isdisjoint(model.labels)
    return None


@lru_cache(maxsize=8)
def names_imagenet_classes(labels: tuple[str, ...]) -> bool:
    """Whether all ``labels`` are ImageNet's, in which it is written what a sample shows.

    Of numbered classes, or of words of somebody's own, nobody knows what they mean.
    """
    return set(labels) <= set(imagenet_labels())


own = Held[iv.Picture | None]("uploaded", lambda: None)  # the last good one that the user brought
_jobs = Jobs(kept=1, words="Reading the photo …")  # of 16 MB at most; decoding may take 800 MB


def read(place: str, file: UploadedFile) -> Job[iv.Picture]:
    """A photo that was brought to ``place``; its error is an ImageError for the user."""
    return uploads.read(place, file, _jobs, lambda name, data: iv.read_picture(data, name=name))


@lru_cache(maxsize=64)
def thumbnail(path: Path, side: int) -> str:
    """A small JPEG of a picture file, its longer side ``side`` pixels, as a data URL."""
    with Image.open(path) as image:
        image.thumbnail((side, side))
        return data_url(jpeg(image.convert("RGB"), quality=80))
