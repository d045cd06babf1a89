"""The page Live, with a camera that shows sample photos."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver
from tests.browser.axe import violations

# The page's cameras, so that a test sees whether they are off.
_STREAMS = """window.cameras = [];
const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async wish => {
  const stream = await own(wish);
  window.cameras.push(...stream.getTracks());
  return stream;
};"""
_STATES = "() => window.cameras.map(track => track.readyState)"


def open_live(chromium: Browser, address: str, init: str = _STREAMS) -> Page:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=address)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.add_init_script(init)
    driver.visit(page, "/live")
    return page


def test_the_answer_follows_the_camera_and_a_frozen_frame_is_the_photo_of_all_pages(
    chromium: Browser, address: str
) -> None:
    page = open_live(chromium, address)
    answer = page.locator(".live .answer")
    page.get_by_role("button", name="Start the camera").click()
    expect(answer).to_contain_text("goldfish")
    expect(answer).to_contain_text("espresso")
    expect(page.locator(".live .veil")).to_be_visible()
    expect(page.locator(".live .tiles img")).to_have_count(3)
    before = page.locator(".live .map").text_content()
    expect(answer).to_contain_text("goldfish")
    assert page.locator(".live .map").text_content() != before
    page.locator(".live [data-go='4c/5x5']").click()
    expect(page.locator(".live .strongest .head")).to_have_text("Strongest channels of 4c, 5×5")
    expect(answer).to_contain_text("espresso")
    page.get_by_role("button", name="Freeze").click()
    link = page.get_by_role("link", name="Explore the frozen frame")
    expect(link).to_be_visible()
    assert page.evaluate(_STATES) == ["ended"]
    frozen = answer.inner_text().split()[0]
    link.click()
    expect(page.get_by_role("heading", name="Live", exact=True)).to_have_count(0)
    driver.settle(page)
    assert "image=own" in page.url
    expect(page.get_by_test_id("stMain")).to_contain_text(frozen)
    expect(page.get_by_test_id("stSidebar")).to_contain_text("camera ")
    page.context.close()


def test_the_camera_goes_off_when_the_page_is_left_and_when_it_is_stopped(
    chromium: Browser, address: str
) -> None:
    page = open_live(chromium, address)
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator(".live .status")).to_contain_text("frames a second")
    assert page.evaluate(_STATES) == ["live"]
    page.get_by_role("button", name="Stop").click()
    assert page.evaluate(_STATES) == ["ended"]
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator(".live .status")).to_contain_text("frames a second")
    driver.menu(page, "Explore").click()
    page.wait_for_function("() => window.cameras.every(track => track.readyState === 'ended')")
    page.context.close()


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("NotAllowedError", "told not to give this page the camera"),
        ("NotFoundError", "finds no camera"),
        ("NotReadableError", "Another program uses the camera"),
        ("", "only to pages that come over https"),
    ],
)
def test_without_a_camera_a_sentence_says_why(
    chromium: Browser, address: str, trouble: str, said: str
) -> None:
    refused = f"Promise.reject(new DOMException('', '{trouble}'))"
    devices = f"{{ getUserMedia: () => {refused} }}" if trouble else "undefined"
    script = f"Object.defineProperty(navigator, 'mediaDevices', {{ value: {devices} }});"
    page = open_live(chromium, address, script)
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator(".live .status")).to_contain_text(said)
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    page.context.close()


def test_it_can_be_used_with_the_keyboard_and_read_aloud(chromium: Browser, address: str) -> None:
    page = open_live(chromium, address)
    start = page.get_by_role("button", name="Start the camera")
    start.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".live .status")).to_contain_text("frames a second")
    branch = page.locator(".live [data-go='3b/pool']")
    branch.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".live .strongest .head")).to_have_text("Strongest channels of 3b, pool")
    assert not [found for found in violations(page) if found.ours]
    page.context.close()
