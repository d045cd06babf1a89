"""Choose a photo: bundled samples, a file, or the camera."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app import links, services, state
from app.components import photo_strip
from app.components.text import plain

_ORIGINS = ("Samples", "Upload", "Camera")
_ORIGIN = "photo_origin"
_KEPT = "photo_origin_kept"
_LOST = "photo_lost"
_OWN = "own"  # in the address, where a sample's name would stand
_FOREIGN = "photo_of_somebody"


def show() -> tuple[iv.Picture | None, str, str]:
    """Draw the choice; return the picture, what it is called, and what it shows in words."""
    begins = _KEPT not in st.session_state
    if not begins:
        # A click on a map leads to another page, and Streamlit forgets this choice on the way.
        st.session_state.setdefault(_ORIGIN, st.session_state[_KEPT])
    default = None if _ORIGIN in st.session_state else "Samples"
    origin = st.segmented_control("Photo", _ORIGINS, default=default, required=True, key=_ORIGIN)
    st.session_state[_KEPT] = origin
    if begins:  # where the browser remembers another choice already, the server has forgotten
        st.session_state[_LOST] = origin != "Samples"
    if origin != "Samples":
        good = _bring_own(str(origin))
        own = state.uploaded()
        if own is not None:
            st.query_params[state.SAMPLE] = _OWN
            still = "" if good else f"You still see {plain(own.name)}. "
            st.caption(f"{still}Your photo stays in this session: a link or a reload loses it.")
            return own, own.name, f"Your photo {own.name}"
    if st.query_params.get(state.SAMPLE) == _OWN:
        del st.query_params[state.SAMPLE]
        links.answer(state.SAMPLE)
        st.session_state[_FOREIGN] = begins and origin == "Samples"
    sample = state.sample(services.samples(), next(iter(services.samples())))
    if origin != "Samples":
        if st.session_state.get(_LOST):
            st.warning(
                "The server was started anew, or the connection was lost for long, and your photo "
                "with it. Choose it again.",
                icon=":material/no_photography:",
            )
        st.caption("Until then, the sample photo is shown.")
    else:
        if st.session_state.get(_FOREIGN):
            st.info(
                "This view was made with an uploaded photo, which no link and no reload can keep. "
                "Here is a sample; *Upload* brings the photo back.",
                icon=":material/no_photography:",
            )
        photos = list(services.samples().values())
        photo_strip.show("samples", photos, sample, _choose)
    chosen = services.samples()[sample]
    if origin == "Samples":
        st.caption(f"{chosen.title}. {chosen.author}, {chosen.licence}.", help=chosen.origin)
    return services.sample_picture(sample), chosen.title, chosen.alt


def _choose(sample: str) -> None:
    st.session_state[_FOREIGN] = False
    state.choose_sample(sample)


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
    with services.messages():
        state.keep_upload(services.uploaded_picture(_OWN, file.file_id, file.name, file.getvalue()))
        return True
    return False
