"""Choose what the network sees of the photo: one of three usual ways, or any square of it."""

from __future__ import annotations

from contextlib import suppress
from uuid import uuid4

import streamlit as st

import inception_viz as iv
from app.frontend import component
from app.session import address, choices, photos
from app.session.held import Held
from app.widgets import choice
from inception_viz.pictures import CENTRE, SMALLEST_CROP, Crop, Fit

_NAMES: dict[Fit | Crop, str] = {"crop": "Centre", "pad": "Whole", "squash": "Squashed"}
_HELP = (
    "The network sees a square. **Centre** cuts one out of the middle, **Whole** adds borders, "
    "**Squashed** changes the proportions, and **Choose …** takes the square that you lay over the "
    "photo."
)
_KEY = "crop_square"
_draw = component("crop_square")
_square = Held("square", lambda: CENTRE)  # chosen last, also while another way is in use
_edit = Held("square_edit", int)  # how many there were, as the browser counts them
_session = Held("square_session", lambda: uuid4().hex)  # in another, the count starts anew


def show(picture: iv.Picture, alt: str) -> Fit | Crop:
    """Draw the choice; where a square is chosen, draw it over the photo, to move and to scale."""
    names = _NAMES | {square(): "Choose …"}
    fit = choice.show(address.FIT, "What the network sees of it", names, help=_HELP)
    if isinstance(fit, Crop):
        _draw(
            key=_KEY,
            data={
                "id": f"{_session()}-{picture.sha256}",
                "edit": _edit(),
                "src": photos.whole(picture),
                "alt": alt,
                "size": picture.size,
                "square": [fit.x, fit.y, fit.side],
                "smallest": SMALLEST_CROP,
            },
            on_moved_change=_take_moved,
        )
    return fit


def square() -> Crop:
    """The square that is to be chosen: a link's on arrival, else the last one."""
    with suppress(ValueError):  # other ways, and nonsense, are the choice's own affair
        asked = Crop.parse(choices.asked(address.FIT))
        _square.set(asked)
        address.write(address.FIT, str(asked))  # "0.50" is 0.5
    return _square()


def _take_moved() -> None:
    moved = st.session_state[_KEY].moved
    _edit.set(int(moved["edit"]))
    with suppress(ValueError):
        _square.set(Crop.parse(str(moved["square"])))
    choices.choose(address.FIT, _square())
