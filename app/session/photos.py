"""The user's own photos, and small pictures of photos."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import Image

import inception_viz as iv
from app.server.jobs import Job, Jobs
from app.session import uploads
from app.session.held import Held
from inception_viz.figures import data_url, jpeg

own = Held[iv.Picture | None]("uploaded", lambda: None)  # the last good one that the user brought
_jobs = Jobs(kept=1, words="Reading the photo …")  # of 16 MB at most; decoding may take 800 MB


def read(place: str, file: uploads.File) -> Job[iv.Picture]:
    """A photo that was brought to ``place``; its error is an ImageError for the user."""
    return uploads.read(place, file, _jobs, lambda name, data: iv.read_picture(data, name=name))


@lru_cache(maxsize=64)
def thumbnail(path: Path, side: int) -> str:
    """A small JPEG of a picture file, its longer side ``side`` pixels, as a data URL."""
    with Image.open(path) as image:
        image.thumbnail((side, side))
        return data_url(jpeg(image.convert("RGB"), quality=80))
