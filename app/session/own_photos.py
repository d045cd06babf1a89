"""The user's own photos: those of the last upload, of which one is chosen, and single ones.

Of those that aren't shown only the file's bytes and a small copy are kept: decoded, thirty would
take half a gigabyte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st
from PIL import ImageOps
from streamlit.runtime.uploaded_file_manager import UploadedFile

import inception_viz as iv
from app.server.jobs import Job, Jobs, Progress, finished
from app.session import uploads
from app.session.held import Held
from inception_viz.figures import data_url, jpeg
from inception_viz.files import shown

MOST = 30
MEGABYTES = 200  # of all files together
_NAMED = 3  # of what was left out

current = Held[iv.Picture | None]("uploaded", lambda: None)  # the last good one
_pictures = Jobs(kept=1, words="Reading the photo …")  # of 16 MB at most; decoding may take 800 MB
_uploads = Jobs(kept=16)  # small copies


@dataclass(frozen=True)
class OwnPhoto:
    """A photo that can be chosen.

    Attributes:
        name: the file's.
        digest: SHA-256 of its bytes.
        small: a small copy, as a data URL.
        content: the file's bytes.
    """

    name: str
    digest: str
    small: str
    content: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Tells it from others: the same photo may have two names."""
        return f"{self.digest} {self.name}"


@dataclass(frozen=True)
class _Look:
    """What reading a file came to: its identity and a small copy, or what is wrong with it."""

    digest: str
    small: str = ""
    wrong: str = ""


@dataclass
class _State:
    looks: dict[str, _Look] = field(default_factory=dict)  # by Streamlit's id of the file
    photos: dict[str, OwnPhoto] = field(default_factory=dict)  # by their own ids
    chosen: str = ""


_state = Held("own_photos", _State)


def read(place: str, file: UploadedFile) -> Job[iv.Picture]:
    """A single photo that was brought to ``place``; its error is an ImageError for the user."""
    return uploads.read(place, file, _pictures, lambda name, data: iv.read_picture(data, name=name))


def sift(files: Sequence[UploadedFile]) -> tuple[list[UploadedFile], str]:
    """Those that there is room for, and a sentence about the others, if there are any."""
    fitting: list[UploadedFile] = []
    others: list[str] = []
    room = MEGABYTES * 2**20
    for file in files:
        if len(fitting) < MOST and file.size <= room:
            fitting.append(file)
            room -= file.size
        else:
            others.append(file.name)
    if not others:
        return fitting, ""
    return fitting, (
        f"{_listed(others)} {'was' if len(others) == 1 else 'were'} left out: there is room for "
        f"{MOST} photos, of {MEGABYTES} MB together. Remove some, or make them smaller."
    )


def reading(files: Sequence[UploadedFile]) -> Job[dict[str, _Look]]:
    """Read those of ``files`` that are new; the job never fails, see :func:`take`."""
    known = _state().looks
    new = [file for file in files if file.file_id not in known]
    if not new:
        return finished({})

    def work(progress: Progress) -> dict[str, _Look]:
        found = {}
        # The first is shown next: it is read last, so that its pixels are still there.
        for done, file in enumerate(reversed(new)):
            progress(done / len(new))
            content = file.getvalue()
            digest = hashlib.sha256(content).hexdigest()
            try:
                found[file.file_id] = _look(file.name, digest, content)
            except iv.ImageError as error:
                found[file.file_id] = _Look(digest, wrong=str(error))
        return found

    return _uploads.get(tuple(file.file_id for file in new), work)


@st.cache_data(show_spinner=False, max_entries=256)
def _look(name: str, digest: str, _content: bytes) -> _Look:
    picture = iv.read_picture(_content, name=name)
    _pictures.remember((name, digest, ""), picture)
    small = jpeg(ImageOps.contain(picture.image, (192, 192)), quality=80)
    return _Look(digest, data_url(small))


def take(files: Sequence[UploadedFile], read: dict[str, _Look]) -> list[str]:
    """Offer the good ones of ``files`` from now on, if there are any; what is wrong with others.

    ``read`` is the result of their :func:`reading`. The first new one is chosen.
    """
    state = _state()
    state.looks |= read
    state.looks = {file.file_id: state.looks[file.file_id] for file in files}
    wrong, good, fresh = [], {}, ""
    for file in files:
        look = state.looks[file.file_id]
        if look.wrong:
            wrong.append(look.wrong)
            continue
        photo = OwnPhoto(file.name, look.digest, look.small, file.getvalue())
        good[photo.id] = photo
        if file.file_id in read:
            fresh = fresh or photo.id
    if good:
        state.photos = good
        state.chosen = fresh or (state.chosen if state.chosen in good else next(iter(good)))
    if len(wrong) > _NAMED:
        wrong[_NAMED:] = [f"{len(wrong) - _NAMED} more files can't be read either."]
    return wrong


def add(name: str, content: bytes) -> None:
    """Offer one more, and choose it; where there is no room the oldest goes.

    Raises:
        ImageError: if it is no picture.
    """
    digest = hashlib.sha256(content).hexdigest()
    look = _look(name, digest, content)
    photo = OwnPhoto(name, look.digest, look.small, content)
    state = _state()
    state.photos = dict([*state.photos.items()][1 - MOST :]) | {photo.id: photo}
    state.chosen = photo.id


def photos() -> tuple[OwnPhoto, ...]:
    """Those to choose from, in the order of the upload."""
    return tuple(_state().photos.values())


def chosen() -> OwnPhoto | None:
    """The one that is chosen, if there is any."""
    state = _state()
    return state.photos.get(state.chosen)


def choose(photo: str) -> None:
    """Choose one by its id."""
    if photo in _state().photos:
        _state().chosen = photo


def opening(photo: OwnPhoto) -> Job[iv.Picture]:
    """Its pixels; the error is an ImageError for the user."""
    key = (photo.name, photo.digest, "")
    return _pictures.get(key, lambda _progress: iv.read_picture(photo.content, name=photo.name))


def decoded(photo: OwnPhoto) -> iv.Picture:
    """Its pixels, for whoever is in a job already.

    Raises:
        ImageError: if there isn't enough memory for them now.
    """
    job = opening(photo)
    if job.finished.is_set():
        return job.outcome()
    return iv.read_picture(photo.content, name=photo.name)


def _listed(names: Sequence[str]) -> str:
    few = ", ".join(shown(name) for name in names[:_NAMED])
    return few if len(names) <= _NAMED else f"{few} and {len(names) - _NAMED} more"
