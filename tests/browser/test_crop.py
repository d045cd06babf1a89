"""The square that the network sees: moved and scaled by mouse, keys and finger, and in the link."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from inception_viz.pictures import Crop
from tests.browser import driver
from tests.browser.seen import SEEN, assert_same


def crop_of(page: Page) -> Crop:
    return Crop.parse(parse_qs(urlsplit(page.url).query)["fit"][0])


def drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0] / 2, start[1] + by[1] / 2)
    page.mouse.move(start[0] + by[0], start[1] + by[1])
    page.mouse.up()


def middle(of: Locator) -> tuple[float, float]:
    box = of.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_square_is_dragged_scaled_and_kept(page: Page, chromium: Browser) -> None:
    page.goto("/?image=cat")
    driver.settle(page)
    with driver.rerun(page):
        page.get_by_role("radio", name="Choose …").click()
    expect(page).to_have_url(re.compile("fit=0.5-0.5-0.875"))
    square = page.get_by_role("application", name="Square that the network sees")
    photo = page.get_by_test_id("stSidebar").get_by_role("img", name=re.compile("cat")).last
    square.scroll_into_view_if_needed()
    shown = photo.bounding_box()
    assert shown is not None
    with driver.rerun(page):  # the corner at the bottom right, to the middle of the square
        x, y = middle(square)
        half = 0.875 * shown["height"] / 2
        drag(page, (x + half, y + half), (-half, -half))
    small = crop_of(page)
    assert small.side == pytest.approx(0.875 / 2, abs=0.02)
    with driver.rerun(page):  # the left eye
        drag(page, middle(square), (10, -6))
    moved = crop_of(page)
    assert (moved.x, moved.y) == pytest.approx(
        (small.x + 10 / shown["width"], small.y - 6 / shown["height"]), abs=0.01
    )
    square.focus()
    with driver.rerun(page):
        for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "-"):
            page.keyboard.press(key)
    by_keys = crop_of(page)
    wide = shown["width"] / shown["height"]
    assert (by_keys.x, by_keys.y, by_keys.side) == pytest.approx(
        (moved.x - 0.04 / wide, moved.y - 0.02, moved.side - 0.05), abs=0.002
    )
    expect(square).to_be_focused()
    words = page.get_by_test_id("stSidebar").get_by_text(re.compile(r"Centre \d+"))
    expect(words).to_contain_text(f"side {round(100 * by_keys.side)} %".replace(" ", "\u00a0"))
    expect(page).to_have_url(re.compile(f"image=cat&fit={by_keys}$"))
    seen = page.evaluate(SEEN)
    page.reload()
    driver.settle(page)
    assert_same(page, seen)
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    receiver = context.new_page()
    receiver.goto(page.url)
    driver.settle(receiver)
    assert_same(receiver, seen)
    assert crop_of(receiver) == by_keys
    expect(receiver.get_by_test_id("stToast")).to_have_count(0)
    context.close()
    with driver.rerun(page):
        page.get_by_role("button", name="Larger square").click()
    assert crop_of(page).side == pytest.approx(by_keys.side + 0.05)
    page.go_back()
    expect(page).to_have_url(re.compile(f"fit={by_keys}$"))
    driver.settle(page)
    expect(words).to_contain_text(f"side {round(100 * by_keys.side)} %".replace(" ", "\u00a0"))


@pytest.mark.parametrize("large", [False, True])
def test_a_finger_moves_it(phone: Page, large: bool) -> None:
    phone.goto("/?image=cat&fit=0.5-0.5-0.4" + ("&large=true" if large else ""))
    driver.settle(phone)
    phone.get_by_test_id("stExpandSidebarButton").click()
    square = phone.get_by_role("application", name="Square that the network sees")
    square.scroll_into_view_if_needed()
    expect(square).to_be_in_viewport(ratio=1)
    with driver.rerun(phone):
        x, y = middle(square)
        touch = phone.context.new_cdp_session(phone)
        points = [{"x": x, "y": y}, {"x": x - 15, "y": y - 5}, {"x": x - 30, "y": y - 10}]
        for kind, point in zip(("touchStart", "touchMove", "touchMove"), points, strict=True):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    moved = crop_of(phone)
    assert moved.x < 0.45 and moved.y < 0.49 and moved.side == 0.4
    assert middle(square) == pytest.approx((x - 30, y - 10), abs=1)
    with driver.rerun(phone):
        phone.touchscreen.tap(x + 60, y)
    assert crop_of(phone).x > 0.6
    sidebar = phone.get_by_test_id("stSidebarContent")
    assert sidebar.evaluate("e => e.scrollWidth <= e.clientWidth"), "nothing is cut off"
