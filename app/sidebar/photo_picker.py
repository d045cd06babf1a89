"""Choose a photo: bundled samples, a file, or the camera."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import inception_viz as iv
from app.session import address, own_photos, photo_origin, photos
from app.session.photos import Sample
from app.widgets import messages, picture, uploader
from app.widgets.messages import plain
from app.widgets.picture import Small
from app.widgets.waiting import result_of, wait_for

_ORIGINS = (photo_origin.SAMPLES, photo_origin.UPLOAD, "Camera")
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
        # The browser would go on to show the file that the server has no longer.
        again = "_again" if photo_origin.lost() else ""
        good = _upload(again) if origin == photo_origin.UPLOAD else _take(again)
        own = own_photos.current()
        if own is not None:
            photo_origin.show_own()
            if own.note:
                st.info(plain(own.note), icon=":material/contrast:")
            st.caption(_how_long(own, good))
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


def _upload(again: str) -> bool:
    """Draw the uploader and what it brought to choose from; whether all is well."""
    strip = st.container()
    # No type= here: its refusal would be terser than ours, and files are known by content.
    brought = uploader.files(
        f"Up to {own_photos.MOST} photos: JPEG, PNG, WebP, GIF, BMP or TIFF",
        key=f"upload{again}",
        max_upload_size=50,
        help=f"One or several, of {own_photos.MEGABYTES} MB together. With two or more you can "
        "choose here which one the pages show, and *Explore* has a table of all.",
    )
    files, left_out = own_photos.sift(brought)
    job = own_photos.reading(files)
    with strip:
        found = wait_for("own_photos", job, "Reading your photos …")
    if found is None:
        return True
    complaints = own_photos.take(files, found) + [left_out] * bool(left_out)
    if complaints:
        st.error("\n\n".join(map(plain, complaints)), icon=":material/error:")
    shown, every = own_photos.chosen(), own_photos.photos()
    if shown is not None:
        if len(every) > 1 or not files:  # a frozen frame is in no uploader
            some = [Small(p.id, p.small, f"Your photo {p.name}", tip=p.name) for p in every]
            with strip:
                picture.strip("own_strip", "Your photos", some, shown.id, own_photos.choose)
                place = f"{every.index(shown) + 1} of {len(every)}"
                st.caption(f"{place}: **{plain(shown.name)}**")
        with messages.errors():
            own_photos.current.set(result_of(own_photos.opening(shown)))
    return not complaints


def _take(again: str) -> bool:
    """Draw the camera; whether all is well."""
    uploader.way_out("camera")
    file = st.camera_input("Take a photo", key=f"camera{again}")
    if file is None:
        return True
    with messages.errors():
        own_photos.current.set(result_of(own_photos.read(photo_origin.OWN, file)))
        return True
    return False


def _how_long(own: iv.Picture, good: bool) -> str:
    """How long the user's photos stay; which one is seen where it isn't the one just brought."""
    if photo_origin.uploads() and len(own_photos.photos()) > 1:
        return (
            "Your photos stay in this session, until other ones are uploaded: a link or a reload "
            "loses them."
        )
    still = "" if good else f"You still see {plain(own.name)}. "
    return f"{still}Your photo stays in this session: a link or a reload loses it."
