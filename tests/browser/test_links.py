"""A link brings somebody else to the same view: every page, every control, a new profile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.views import REGISTRY
from tests.browser import driver
from tests.browser.seen import SEEN, assert_same
from tests.conftest import noise_photo

CLASSES = ("target", "against", "compare")  # a class is called the same in every model
ID = re.compile(r"[a-z0-9_./:,;=+-]+")


@pytest.fixture
def sender(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=address)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(30_000)
    driver.watch(page)
    yield page
    context.close()


@pytest.mark.parametrize("url", [view.url for view in REGISTRY])
def test_a_link_holds_every_control(sender: Page, chromium: Browser, url: str) -> None:
    path = "/" if url == REGISTRY[0].url else f"/{url}"
    sender.goto(f"{path}?image=espresso&fit=pad")
    driver.settle(sender)
    changed = change_all(sender)
    assert "switch Large type" in changed
    if url == "lab":
        sender.get_by_role("tab").first.click()
        box = sender.get_by_label("4c #1×1", exact=True)
        box.fill("100")
        box.press("Enter")
        sender.wait_for_url("**arch=**")
    if url == "switchboard":
        sender.locator('.iv-wide [data-go="3a/5x5"]').click()
        expect(sender.locator(".iv-lead")).to_contain_text("1 branch muted")
    driver.settle(sender)
    sender.get_by_role("button", name="Copy link").click()
    expect(sender.get_by_role("button", name="Link copied")).to_be_visible()
    link: str = sender.evaluate("navigator.clipboard.readText()")
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    receiver = context.new_page()
    receiver.goto(link)
    driver.settle(receiver)
    assert len(link) < 400
    for key, value in parse_qsl(urlsplit(link).query):
        assert key in CLASSES or ID.fullmatch(value), "what stands on the screen is no id"
    assert_same(receiver, sender.evaluate(SEEN))
    expect(receiver.get_by_test_id("stToast")).to_have_count(0)
    context.close()


def test_back_leaves_the_class_in_question_as_it_was(sender: Page) -> None:
    sender.goto("/?image=espresso")
    driver.settle(sender)
    box = sender.get_by_role("combobox", name="Class in question")
    expect(box).to_have_value("The network's first choice")
    driver.menu(sender, "Contributions").click()
    expect(sender.get_by_role("heading", name="Contributions")).to_be_visible()
    driver.settle(sender)
    sender.go_back()
    expect(sender.get_by_role("heading", name="See how GoogLeNet thinks")).to_be_visible()
    driver.settle(sender)
    expect(box).to_have_value("The network's first choice")


def test_back_takes_back_a_choice(sender: Page) -> None:
    sender.goto("/?image=espresso")
    driver.settle(sender)
    sender.get_by_role("radio", name="Grad-CAM").click()
    expect(sender).to_have_url(re.compile("metric=cam"))
    driver.settle(sender)
    sender.go_back()
    expect(sender.get_by_role("radio", name="Unusual firing")).to_be_checked()
    driver.settle(sender)
    expect(sender).not_to_have_url(re.compile("metric="))
    sender.go_forward()
    expect(sender.get_by_role("radio", name="Grad-CAM")).to_be_checked()
    expect(sender).to_have_url(re.compile("metric=cam"))


def test_the_first_click_after_a_link_counts(sender: Page) -> None:
    sender.goto("/?image=espresso&metric=mean")
    driver.settle(sender)
    with driver.rerun(sender):
        sender.get_by_role("radio", name="Grad-CAM").click()
    expect(sender.get_by_role("radio", name="Grad-CAM")).to_be_checked()
    expect(sender).to_have_url(re.compile("metric=cam"))


def test_quick_clicks_end_where_the_last_one_went(sender: Page) -> None:
    sender.goto("/?image=espresso")
    driver.settle(sender)
    for name in ("Mean activation", "Share of the module", "Grad-CAM", "Mean activation"):
        sender.get_by_role("radio", name=name).click()
    sender.get_by_role("radio", name="Whole").click()
    expect(sender).to_have_url(re.compile("fit=pad"))
    driver.settle(sender)
    expect(sender.get_by_role("radio", name="Mean activation")).to_be_checked()
    expect(sender).to_have_url(re.compile("metric=mean"))


def test_a_link_of_old_becomes_one_of_ids(sender: Page) -> None:
    sender.goto("/?image=espresso&model=Imagenette+GoogLeNet&metric=Share+of+the+module")
    expect(sender).to_have_url(re.compile("model=imagenette"))
    expect(sender).to_have_url(re.compile("metric=energy_share"))
    expect(sender.get_by_role("radio", name="Share of the module")).to_be_checked()
    expect(sender.get_by_role("combobox", name="Model")).to_have_value("Imagenette GoogLeNet")
    driver.settle(sender)
    expect(sender.get_by_test_id("stToast")).to_have_count(0)


def test_a_link_to_an_own_photo_says_that_it_is_missing(
    sender: Page, chromium: Browser, tmp_path: Path
) -> None:
    noise_photo(7).save(tmp_path / "mine.png")
    sender.goto("/branches")
    driver.settle(sender)
    sender.get_by_role("radio", name="Upload").click()
    sender.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    expect(sender).to_have_url(re.compile("image=own"))
    driver.settle(sender)
    sender.get_by_role("button", name="Copy link").click()
    expect(sender.get_by_role("button", name="Copied without your photo")).to_be_visible()
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    receiver = context.new_page()
    receiver.goto(sender.url)
    expect(receiver.get_by_text("made with an uploaded photo")).to_be_visible()
    driver.settle(receiver)
    expect(receiver.get_by_test_id("stToast")).to_have_count(0)
    receiver.get_by_test_id("stSidebar").get_by_role("button", name="Goldfish").click()
    expect(receiver).to_have_url(re.compile("image=goldfish"))
    expect(receiver.get_by_text("made with an uploaded photo")).to_have_count(0)
    context.close()


def change_all(page: Page) -> list[str]:
    """Set every control of the page's own to something else, also those that appear by it."""
    done: list[str] = []
    while (found := _next_control(page, done)) is not None:
        kind, control = found
        with driver.rerun(page):
            _change(kind, control)
    return done


def _next_control(page: Page, done: list[str]) -> tuple[str, Locator] | None:
    main = page.get_by_test_id("stMain")
    for kind in ("tablist", "radiogroup", "combobox", "slider", "switch"):
        for control in main.get_by_role(kind).all():
            name = f"{kind} {_name(control)}"
            if control.is_visible() and control.is_enabled() and name not in done:
                if kind == "radiogroup" and not control.get_by_role("radio", checked=False).count():
                    continue
                done.append(name)
                return kind, control
    return None


def _name(control: Locator) -> str:
    found: str = control.evaluate(
        "e => e.ariaLabel || e.closest('[data-testid=stElementContainer]')"
        "?.querySelector('label, [data-testid=stWidgetLabel]')?.innerText.trim() || e.innerText"
    )
    return found


def _change(kind: str, control: Locator) -> None:
    if kind == "tablist":
        control.get_by_role("tab").nth(1).click()
    elif kind == "radiogroup":
        control.get_by_role("radio", checked=False).last.click()
    elif kind == "combobox":
        control.focus()  # while its list is open, others aren't seen, so it isn't the same in order
        for key in ("ArrowDown", "ArrowDown", "Enter"):
            control.page.keyboard.press(key)
    elif kind == "slider":
        control.press("ArrowRight")
    else:
        control.press("Space")
