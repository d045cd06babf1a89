"""Choose a photo: bundled samples, a file, or the camera."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import inception_viz as iv
from app.session import address, photo_origin, photos
from app.session.photos import Sample
from app.widgets import messages, picture, uploader
from app.widgets.messages import plain
from app.widgets.picture import Small
from app.widgets.waiting import result_of

_ORIGINS = (photo_origin.SAMPLES, "Upload", "Camera")
_MISSING = {
    "lost": "The server was started anew, or the connection was lost for long, and your photo with "
    "it. Choose it again. Until then, you see a sample.",
    "foreign": "This view was made with an uploaded photo, which no link and no reload can keep. "
    "Here is a sample, so the figures are others; *Upload* at the side brings the photo back.",
}


def show(model: iv.Classifier | None) -> tuple[iv.Picture, str, str]:
    """Draw the choice; return the picture, what it is called, and what it shows in words.

    Samples that show a class of ``model`` come first.
    """
    every = photos.samples()
    origin = st.segmented_control(
        "Photo",
        _ORIGINS,
        default=photo_origin.prepare(every),
        required=True,
        key=photo_origin.WIDGET,
    )
    photo_origin.choose(str(origin))
    if origin != photo_origin.SAMPLES:
        good = _bring_own(str(origin))
        own = photos.own()
        if own is not None:
            photo_origin.show_own()
            still = "" if good else f"You still see {plain(own.name)}. "
            if own.note:
                st.info(plain(own.note), icon=":material/contrast:")
            st.caption(f"{still}Your photo stays in this session: a link or a reload loses it.")
            return own, own.name, f"Your photo {own.name}"
    photo_origin.show_sample()
    name = address.sample(every, next(iter(every)))
    sample = every[name]
    if origin != photo_origin.SAMPLES:
        st.caption("Until then, the sample photo is shown.")
    else:
        _samples(model, name)
        st.caption(f"{sample.title}. {sample.author}, {sample.licence}.", help=sample.origin)
    return photos.sample_picture(name), sample.title, sample.alt


def note_another_photo() -> None:
    """Say at the top of the page that it shows another photo than it was made with, if so."""
    why = photo_origin.missing()
    if why:
        say = st.warning if why == "lost" else st.info
        say(_MISSING[why], icon=":material/no_photography:")


def _samples(model: iv.Classifier | None, chosen: str) -> None:
    known, other = photos.samples_for(model)
    if known:
        _strip("samples", "Sample photos", known, chosen)
    if other:
        st.caption("Not among its classes: what will it say?")
        _strip("other_samples", "Sample photos of other things", other, chosen)


def _strip(key: str, label: str, some: Sequence[Sample], chosen: str) -> None:
    pictures = [
        Small(sample.id, photos.thumbnail(sample.path, 192), sample.alt, tip=sample.title)
        for sample in some
    ]
    picture.strip(key, label, pictures, chosen, photo_origin.choose_sample)


def _bring_own(origin: str) -> bool:
    """Whether there is nothing to complain about."""
    # The browser would go on to show the file that the server has no longer.
    again = "_again" if photo_origin.lost() else ""
    if origin == "Upload":
        # No type= here: its refusal would be terser than ours, and files are known by content.
        file = uploader.file(
            "JPEG, PNG, WebP, GIF, BMP or TIFF", key=f"upload{again}", max_upload_size=50
        )
    else:
        uploader.way_out("camera")
        file = st.camera_input("Take a photo", key=f"camera{again}")
    if file is None:
        return True
    with messages.errors():
        photos.own.set(result_of(photos.read(photo_origin.OWN, file)))
        return True
    return False
