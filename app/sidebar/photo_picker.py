"""Choose a photo: bundled samples, a file, or the camera."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import inception_viz as iv
from app.session import address, links, photos, samples
from app.session.samples import Sample
from app.widgets import messages, picture_strip
from app.widgets.markdown import plain
from app.widgets.picture_strip import Small
from app.widgets.waiting import result_of

_ORIGINS = ("Samples", "Upload", "Camera")
_ORIGIN = "photo_origin"
_KEPT = "photo_origin_kept"
_LOST = "photo_lost"
_OWN = "own"  # in the address, where a sample's name would stand
_FOREIGN = "photo_of_somebody"
_SHOWS_OWN = "photo_is_own"


def show(model: iv.Classifier | None) -> tuple[iv.Picture | None, str, str]:
    """Draw the choice; return the picture, what it is called, and what it shows in words.

    Samples that show a class of ``model`` come first.
    """
    begins = _KEPT not in st.session_state
    asked = st.query_params.get(address.SAMPLE)
    if st.session_state.get(_SHOWS_OWN) and asked in samples.every():
        st.session_state[_ORIGIN] = "Samples"  # a link that was followed shows what it promises
    elif not begins:
        # A click on a map leads to another page, and Streamlit forgets this choice on the way.
        st.session_state.setdefault(_ORIGIN, st.session_state[_KEPT])
    default = None if _ORIGIN in st.session_state else "Samples"
    origin = st.segmented_control("Photo", _ORIGINS, default=default, required=True, key=_ORIGIN)
    st.session_state[_KEPT] = origin
    if begins:  # where the browser remembers another choice already, the server has forgotten
        st.session_state[_LOST] = origin != "Samples"
    if origin != "Samples":
        good = _bring_own(str(origin))
        own = photos.own()
        if own is not None:
            st.query_params[address.SAMPLE] = _OWN
            st.session_state[_SHOWS_OWN] = True
            still = "" if good else f"You still see {plain(own.name)}. "
            st.caption(f"{still}Your photo stays in this session: a link or a reload loses it.")
            return own, own.name, f"Your photo {own.name}"
    st.session_state[_SHOWS_OWN] = False
    if st.query_params.get(address.SAMPLE) == _OWN:
        del st.query_params[address.SAMPLE]
        links.answer(address.SAMPLE)
        st.session_state[_FOREIGN] = begins and origin == "Samples"
    sample = address.sample(samples.every(), next(iter(samples.every())))
    if origin != "Samples":
        st.caption("Until then, the sample photo is shown.")
    else:
        _samples(model, sample)
    chosen = samples.every()[sample]
    if origin == "Samples":
        st.caption(f"{chosen.title}. {chosen.author}, {chosen.licence}.", help=chosen.origin)
    return samples.picture_of(sample), chosen.title, chosen.alt


def note_another_photo() -> None:
    """Say at the top of the page that it shows another photo than it was made with, if so."""
    if st.session_state.get(_SHOWS_OWN):
        return
    own = st.session_state.get(_KEPT) != "Samples"
    if own and st.session_state.get(_LOST):
        st.warning(
            "The server was started anew, or the connection was lost for long, and your photo "
            "with it. Choose it again. Until then, you see a sample.",
            icon=":material/no_photography:",
        )
    elif not own and st.session_state.get(_FOREIGN):
        st.info(
            "This view was made with an uploaded photo, which no link and no reload can keep. "
            "Here is a sample, so the figures are others; *Upload* at the side brings the photo "
            "back.",
            icon=":material/no_photography:",
        )


def _samples(model: iv.Classifier | None, chosen: str) -> None:
    known, other = samples.for_model(model)
    if known:
        _strip("samples", "Sample photos", known, chosen)
    if other:
        st.caption("Not among its classes: what will it say?")
        _strip("other_samples", "Sample photos of other things", other, chosen)


def _strip(key: str, label: str, some: Sequence[Sample], chosen: str) -> None:
    pictures = [
        Small(sample.id, photos.thumbnail(str(sample.path), 192), sample.alt, tip=sample.title)
        for sample in some
    ]
    picture_strip.show(key, label, pictures, chosen, _choose)


def _choose(sample: str) -> None:
    st.session_state[_FOREIGN] = False
    address.choose_sample(sample)


def _bring_own(origin: str) -> bool:
    """Whether there is nothing to complain about."""
    # The browser would go on to show the file that the server has no longer.
    again = "_again" if st.session_state.get(_LOST) else ""
    if origin == "Upload":
        # No type= here: its refusal would be terser than ours, and files are known by content.
        file = st.file_uploader(
            "JPEG, PNG, WebP, GIF, BMP or TIFF",
            key=f"upload{again}",
            max_upload_size=50,
        )
    else:
        file = st.camera_input("Take a photo", key=f"camera{again}")
    if file is None:
        return True
    with messages.errors():
        photos.keep_own(result_of(photos.read(_OWN, file)))
        return True
    return False
