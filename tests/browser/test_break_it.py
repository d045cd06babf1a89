"""The page Break it in a browser: changes by mouse, keys and finger; the score is exact."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

import inception_viz as iv
from inception_viz.pictures import (
    Change,
    Changes,
    Cut,
    Paint,
    Patch,
    Turn,
    changed_pixels,
    fit_image,
)
from tests.browser import driver
from tests.browser.axe import violations
from tests.conftest import sample

SIDE = 224
HALF = Cut(0, 112, 224, 112)  # the cat is a tiger cat then


@pytest.fixture(scope="module")
def square() -> Image.Image:
    model = iv.load("bvlc")
    trace = model.trace(sample("cat"))
    return fit_image(trace.picture.image, trace.fitting, model.preprocessing.background)


def board(page: Page) -> Locator:
    return page.get_by_role("application", name=re.compile("Tool: "))


def draw(page: Page, *pixels: tuple[int, int]) -> None:
    """Press at the first pixel, move over the others, let go at the last."""
    box = board(page).bounding_box()
    assert box is not None
    scale = box["width"] / SIDE
    places = [(box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale) for x, y in pixels]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def tool(page: Page, name: str) -> None:
    page.get_by_role("group", name="Tool", exact=True).get_by_role("button", name=name).click()


def score_of(square: Image.Image, *steps: Change) -> str:
    count = int(changed_pixels(square, Changes(SIDE, steps).apply(square)).sum())
    return f"({count:,} of 50,176)"


def scored(page: Page, square: Image.Image, *steps: Change) -> None:
    expect(page.get_by_text(score_of(square, *steps), exact=True)).to_be_visible()


def test_a_cut_is_drawn_scored_undone_and_taken_home(page: Page, square: Image.Image) -> None:
    driver.visit(page, "/break-it?image=cat")
    expect(page.get_by_text("It says Egyptian cat")).to_be_visible()
    tool(page, "Cut")
    draw(page, (0, 112), (100, 150), (223, 223))
    expect(page.get_by_text("Broken: tiger cat instead of Egyptian cat")).to_be_visible()
    scored(page, square, HALF)
    expect(page.get_by_text("The margin of tiger cat over Egyptian cat")).to_be_visible()
    driver.settle(page)
    assert not [v for v in violations(page) if v.ours and v.impact in ("serious", "critical")]
    page.keyboard.press("Control+z")
    expect(page.get_by_text("It says Egyptian cat")).to_be_visible()
    scored(page, square)
    assert (shown(page) == np.asarray(square)).all()
    page.keyboard.press("Control+y")
    scored(page, square, HALF)
    page.get_by_role("button", name="Start again").click()
    scored(page, square)
    expect(board(page)).to_be_focused()
    page.get_by_role("button", name="Back to the best").click()
    scored(page, square, HALF)
    with page.expect_download() as download:
        page.get_by_role("button", name="Both pictures and the changes").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as file:
        after = Image.open(file.open("after.png")).convert("RGB")
        assert Changes.from_json(file.read("changes.json").decode()) == Changes(SIDE, (HALF,))
        assert Image.open(file.open("before.png")).convert("RGB") == square
    assert after == Changes(SIDE, (HALF,)).apply(square)
    assert (shown(page) == np.asarray(after)).all(), "what stands there is the server's picture"
    assert "cut" not in page.url


def shown(page: Page) -> np.ndarray:
    """The pixels on the canvas, (side, side, 3)."""
    data = board(page).evaluate(
        "e => [...e.querySelector('canvas').getContext('2d').getImageData(0, 0, 224, 224).data]"
    )
    return np.array(data, np.uint8).reshape(SIDE, SIDE, 4)[..., :3]


def test_changes_ahead_of_the_server_are_not_lost(page: Page, square: Image.Image) -> None:
    driver.visit(page, "/break-it?image=cat")
    tool(page, "Cut")
    cuts = [Cut(10 + 30 * i, 20, 9, 11) for i in range(6)]
    for cut in cuts:
        draw(page, (cut.x, cut.y), (cut.x + 8, cut.y + 10))
    page.keyboard.press("Control+z")
    draw(page, (100, 100), (108, 110))
    scored(page, square, *cuts[:-1], Cut(100, 100, 9, 11))
    driver.settle(page)
    page.get_by_role("button", name="Undo").click()
    scored(page, square, *cuts[:-1])


def test_the_servers_picture_takes_the_place_of_the_browsers(
    page: Page, square: Image.Image
) -> None:
    """Which turns a little differently."""
    driver.visit(page, "/break-it?image=cat")
    tool(page, "Turn")
    page.get_by_role("button", name="Whole picture").click()
    turn = Turn(0, 0, SIDE, SIDE, 45)
    scored(page, square, turn)
    driver.settle(page)
    expected = int(np.asarray(Changes(SIDE, (turn,)).apply(square)).sum())
    page.wait_for_function(
        "([canvas, sum]) => canvas.getContext('2d').getImageData(0, 0, 224, 224).data"
        ".reduce((before, part, i) => i % 4 < 3 ? before + part : before, 0) === sum",
        arg=[board(page).locator("canvas").element_handle(), expected],
    )
    assert (shown(page) == np.asarray(Changes(SIDE, (turn,)).apply(square))).all()


def test_everything_goes_by_keys(page: Page, square: Image.Image) -> None:
    driver.visit(page, "/break-it?image=cat")
    board(page).focus()
    keys = ["ArrowLeft"] * 3 + ["Shift+ArrowUp", "Enter"] + ["ArrowDown"] * 5 + ["Enter"]
    for key in keys:
        page.keyboard.press(key)
    patch = Patch(81, 84, 56, 55, 81, 89)  # from the middle, 56 pixels wide
    scored(page, square, patch)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("pixels at 80, 84")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("pixels at 80, 84")).to_have_count(0)
    tool(page, "Paint")
    board(page).focus()
    for key in ["Enter"] + ["ArrowUp"] * 40 + ["Enter", "ArrowRight", "ArrowRight", "Enter"]:
        page.keyboard.press(key)
    stroke = Paint(((112, 72), (113, 72), (114, 72)), 6, (214, 40, 40))
    scored(page, square, patch, stroke)
    page.keyboard.press("Control+z")
    scored(page, square, patch)


@pytest.mark.parametrize("large", [False, True])
def test_a_finger_draws(phone: Page, square: Image.Image, large: bool) -> None:
    driver.visit(phone, "/break-it?image=cat" + ("&large=true" if large else ""))
    tool(phone, "Cut")
    board(phone).scroll_into_view_if_needed()
    box = board(phone).bounding_box()
    assert box is not None
    scale = box["width"] / SIDE
    touch = phone.context.new_cdp_session(phone)
    for kind, pixel in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60)):
        at = {"x": box["x"] + (pixel + 0.5) * scale, "y": box["y"] + (pixel + 0.5) * scale}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    scored(phone, square, Cut(20, 20, 41, 41))
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
