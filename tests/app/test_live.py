"""The page Live: what it takes from a browser, and what it answers."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app.server import frames
from app.server.scheduler import SHARED, Ticket
from app.session import live, own_photos, photo_origin, photos
from inception_viz.architecture import Place
from tests.app.test_pages import start

WAIT = 20


def picture(name: str = "espresso", side: int = 224) -> str:
    with Image.open(photos.samples()[name].path) as opened:
        encoded = io.BytesIO()
        opened.convert("RGB").resize((side, side)).save(encoded, "JPEG")
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.getvalue()).decode()}"


@pytest.fixture
def camera() -> live.Camera:
    st.session_state.clear()
    return live.camera()


def test_before_the_camera_starts_the_photo_at_the_side_is_looked_at() -> None:
    app = start("live")
    assert not app.exception and not app.error
    data = shown(app)
    scene = app.session_state["scene"]
    label, _ = scene.trace.predictions(1)[0]
    assert data["heads"][0][1][0][0] == label
    assert data["number"] == 0 and data["photo"].startswith("data:image/jpeg")
    assert len(data["cells"]) == 36 and "<svg" in data["map"]
    assert len(data["channels"]) == len(data["pictures"]) == 3


def test_a_frame_is_answered_with_no_more_than_the_browser_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = start("live")
    before = shown(app)
    state = app.session_state["camera"]
    strongest = [text for text, *_ in before["channels"]]
    monkeypatch.setattr(live, "camera", lambda: state)
    lacks = strongest[:1]
    live.take({"number": 7, "picture": picture(), "skeleton": before["skeleton"], "lacks": lacks})
    app.run()
    data = shown(app)
    assert data["number"] == 7 and data["heads"][0][1][0][0] == "espresso"
    assert "map" not in data and not data["photo"]
    assert list(data["pictures"]) == strongest[:1]
    assert len(str(data)) < 25_000, "a few kilobytes, and one picture"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"picture": "data:image/jpeg;base64,!!!"},
        {"picture": "data:text/html;base64,AAAA"},
        {"picture": 7, "number": "x", "branch": {}, "lacks": "4c", "skeleton": None},
        {"picture": "data:image/jpeg;base64," + "A" * live.MOST["frame"]},
        {"picture": picture(), "branch": "x" * 10_000, "lacks": [[], {}, None, "4c/5x5:3"]},
    ],
)
def test_whatever_the_browser_sends_is_taken_or_refused(
    camera: live.Camera, sent: dict[str, Any]
) -> None:
    live.take(sent)
    assert bool(camera.content) != bool(camera.wrong)
    assert camera.take_sent() is not None and camera.take_sent() is None


@pytest.mark.parametrize("sent", [None, [], "frame", 3])
def test_what_is_no_message_changes_nothing(camera: live.Camera, sent: object) -> None:
    live.take(sent)
    live.freeze(sent)
    assert camera == live.Camera()


def test_a_frame_that_is_no_picture_gets_a_sentence(
    camera: live.Camera, tiny: iv.Classifier
) -> None:
    live.take({"picture": "data:image/jpeg;base64,AAAA", "number": 1})
    with pytest.raises(iv.ImageError, match=r"The frame .*\.$"):
        live.look(tiny, _trace(tiny), Place("3a", "1x1"), "none", scored=False)
    live.freeze({"picture": "data:image/jpeg;base64,AAAA"})
    assert camera.wrong.endswith(".") and not camera.frozen


def test_a_frozen_frame_is_offered_among_the_own_photos_of_which_there_is_an_end(
    camera: live.Camera,
) -> None:
    for number in range(own_photos.MOST + 3):
        live.freeze({"picture": picture(side=64 + number)})
    assert camera.frozen and camera.take_frozen() and not camera.take_frozen()
    offered = own_photos.photos()
    assert len(offered) == own_photos.MOST
    chosen = own_photos.chosen()
    assert chosen is not None and own_photos.decoded(chosen).size == (64 + number, 64 + number)
    assert st.session_state[photo_origin.WIDGET] == photo_origin.UPLOAD


def test_a_branch_that_another_network_has_not_is_not_asked_about(
    camera: live.Camera, tiny: iv.Classifier
) -> None:
    live.take({"picture": picture(), "branch": "9z/3x3"})
    branch = live.branch_in(_trace(tiny))
    assert branch.module == list(tiny.config.modules)[-1]
    live.take({"picture": picture(), "branch": "3b/pool:3"})
    assert live.branch_in(_trace(tiny)) == Place("3b", "pool")


def test_of_many_frames_one_at_a_time_stands_among_the_pages_work() -> None:
    order: list[str] = []
    page_ticket = Ticket()
    SHARED.take_turn(Ticket())
    threads = [threading.Thread(target=_frame, args=(order,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + WAIT
    page = threading.Thread(target=_page, args=(order, page_ticket))
    page_ticket.due = time.monotonic() + WAIT  # later than whatever waits by then
    page.start()
    while SHARED.ahead(page_ticket) < 2 and time.monotonic() < until:
        time.sleep(0.001)
    assert SHARED.ahead(page_ticket) == 2, "a frame, and the page itself"
    page_ticket.due = 0.0
    SHARED.end_turn()
    for thread in (*threads, page):
        thread.join(WAIT)
    assert order == ["page", *["frame"] * 4]


def test_an_error_in_a_frame_is_its_viewers_alone() -> None:
    def fail() -> None:
        raise iv.ImageError("The frame is no picture.")

    with pytest.raises(iv.ImageError):
        frames.compute(fail)
    assert frames.compute(lambda: 3) == 3


def _frame(order: list[str]) -> None:
    frames.compute(lambda: order.append("frame"))


def _page(order: list[str], ticket: Ticket) -> None:
    SHARED.take_turn(ticket)
    order.append("page")
    SHARED.end_turn()


def _trace(classifier: iv.Classifier) -> iv.Trace:
    return classifier.trace(photos.sample_picture("cat"))


def shown(app: AppTest) -> dict[str, Any]:
    """What the page gave its component."""
    every = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.json]
    found: dict[str, Any] = next(data for data in every if "wrong" in data)
    return found
