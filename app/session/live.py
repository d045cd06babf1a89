"""What a camera sees: frames from the browser, what the network makes of them, the frozen one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import streamlit as st

import inception_viz as iv
from app.server import frames
from app.session import own_photos, photo_origin
from app.session.held import Held
from inception_viz.architecture import Branch, Place
from inception_viz.explain import Glance, Shade, glance
from inception_viz.features import atlas_of
from inception_viz.figures import data_url, jpeg
from inception_viz.pictures import fit_image

MOST = {"frame": 200_000, "frozen": 4_000_000}  # characters
_START = "data:image/jpeg;base64,"
_NO_PICTURE = "The browser sent no picture. Start the camera again."
_NAMES = 100  # characters of what else a browser sends
_CHANNELS = 3
_BORDER = (17, 22, 29)  # colour of what lies beyond a photo


@dataclass(frozen=True)
class Sent:
    """What came with a frame.

    Attributes:
        skeleton: which network's map the browser has drawn.
        lacks: channels whose pictures it hasn't got.
    """

    skeleton: str
    lacks: tuple[Place, ...]


@dataclass
class Camera:
    """What is known of this session's camera.

    Attributes:
        number: of the last frame; 0 before the first.
        content: its bytes; none without one.
        wrong: why there is none, for the user.
        branch: the one in question, if the browser has named one.
        frozen: whether a frame has become the photo of all pages.
    """

    number: int = 0
    content: bytes = b""
    wrong: str = ""
    branch: Place | None = None
    frozen: bool = False
    _sent: Sent | None = None
    _froze: bool = False

    def take_sent(self) -> Sent | None:
        """What came with the frame that this run is for; None in a run for anything else."""
        sent, self._sent = self._sent, None
        return sent

    def take_frozen(self) -> bool:
        """Whether a frame was frozen a moment ago."""
        froze, self._froze = self._froze, False
        return froze


camera = Held("camera", Camera)


def take(sent: Any) -> None:
    """Take a frame as the browser sent it; whatever it sent, nothing is raised."""
    if not isinstance(sent, dict):
        return
    state, number, lacks = camera(), sent.get("number"), sent.get("lacks")
    state.number = number if isinstance(number, int) else 0
    state.branch = Place.parse(str(sent.get("branch"))[:_NAMES])
    named = [Place.parse(str(text)[:_NAMES]) for text in _some(lacks)]
    state._sent = Sent(str(sent.get("skeleton"))[:_NAMES], tuple(place for place in named if place))
    _hold(state, sent, "frame")


def freeze(sent: Any) -> None:
    """Make a frame the photo of all pages; if that can't be, the camera says why."""
    if not isinstance(sent, dict):
        return
    state = camera()
    content = _hold(state, sent, "frozen")
    try:
        if content:
            own_photos.add(f"camera {datetime.now():%H-%M-%S}.jpg", content)
            st.session_state[photo_origin.WIDGET] = photo_origin.UPLOAD
            state.frozen = state._froze = True
    except iv.ImageError as error:
        state.wrong = str(error)


def look(
    model: iv.Classifier, photo: iv.Trace, branch: Place, shade: Shade, *, scored: bool
) -> Glance:
    """What the network makes of the last frame, or of ``photo`` before the first.

    One frame after another is looked at, of all sessions.

    Raises:
        ImageError: if the frame is no picture.
        WeightsError: if the network gives no finite answer.
    """
    content = camera().content

    def work() -> Glance:
        picture = iv.read_picture(content, name="The frame") if content else None
        trace = model.trace(picture) if picture else photo
        return glance(model, trace, branch, shade=shade, scored=scored)

    return frames.compute(work)


def branch_in(trace: iv.Trace) -> Place:
    """The branch in question: the one that was clicked, else the widest of the last module."""
    chosen, widths = camera().branch, trace.widths
    if chosen is not None and (chosen.module, chosen.branch or "") in widths:
        return replace(chosen, channel=None)
    last, branches = list(trace.branches.items())[-1]
    widest: Branch = max(branches, key=lambda branch: len(branches[branch]))
    return Place(last, widest)


def pictures(model: iv.Classifier, trace: iv.Trace, places: Sequence[Place]) -> dict[str, str]:
    """The painted pictures of channels, where there are any, as data URLs by their places."""
    atlas, widths = atlas_of(model), trace.widths
    tiles = {
        place: atlas.tile(place)
        for place in places
        if (place.module, place.branch or "") in widths and place.channel is not None
    }
    return {str(place): data_url(tile.webp, "webp") for place, tile in tiles.items() if tile}


def poster(photo: iv.Trace) -> bytes:
    """What is shown before the camera starts: the photo at the side, as the network sees it."""
    return jpeg(fit_image(photo.picture.image, photo.fitting, _BORDER), quality=85)


def _some(sent: object) -> list[Any]:
    return sent[:_CHANNELS] if isinstance(sent, list) else []


def _hold(state: Camera, sent: dict[str, Any], kind: str) -> bytes:
    """Keep the picture that was sent, or say that there is none."""
    try:
        state.content, state.wrong = _bytes(sent.get("picture"), MOST[kind]), ""
    except ValueError:
        state.content, state.wrong = b"", _NO_PICTURE
    return state.content


def _bytes(picture: object, most: int) -> bytes:
    """The JPEG in a data URL.

    Raises:
        ValueError: if it is none, or has more than ``most`` characters.
    """
    if not isinstance(picture, str) or not picture.startswith(_START) or len(picture) > most:
        raise ValueError("no picture")
    try:
        return base64.b64decode(picture[len(_START) :], validate=True)
    except binascii.Error as error:
        raise ValueError("no picture") from error
