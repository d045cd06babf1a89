"""Streamlit's inside that we lean on is as we know it, and all of it is listed."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page

import app.frontend
from app.frontend.internals import SELECTORS
from tests.browser.driver import settle

FOLDER = Path(app.frontend.__file__).parent
INSIDE = re.compile(r"\[data-testid|\.st[A-Z]")


def selectors(css: str) -> set[str]:
    """Those of rules, as they match without a mouse."""
    rules = re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))
    found = {one.strip() for rule in rules for one in rule.split(",")}
    return {re.sub(r":(hover|focus-visible)", "", one) for one in found if INSIDE.search(one)}


def test_every_selector_finds_something(page: Page) -> None:
    missing = []
    for path in dict.fromkeys(SELECTORS.values()):
        page.goto(f"/{path}")
        settle(page)
        here = [selector for selector, shown in SELECTORS.items() if shown == path]
        missing += [selector for selector in here if not page.locator(selector).count()]
    assert not missing


def test_every_selector_is_listed() -> None:
    used = set().union(*(selectors(path.read_text("utf-8")) for path in FOLDER.glob("*.css")))
    for path in FOLDER.glob("*.js"):
        used |= set(re.findall(r"\[data-testid=\w+\]|\.st[A-Z]\w+", path.read_text("utf-8")))
    assert used == set(SELECTORS)


def test_style_stands_in_files_of_its_own() -> None:
    python = [path for path in FOLDER.parent.rglob("*.py") if path.name != "internals.py"]
    assert not [path for path in python if INSIDE.search(path.read_text("utf-8"))]


def test_the_router_writes_the_address_through_what_we_replace(page: Page) -> None:
    page.add_init_script(
        "window.written = [];"
        "for (const name of ['pushState', 'replaceState']) {"
        "  const real = history[name].bind(history);"
        "  history[name] = (...given) => { window.written.push(name); real(...given); };"
        "}"
    )
    page.goto("/branches")
    settle(page)
    before, steps = page.evaluate("[window.written.length, history.length]")
    page.get_by_role("radio", name="shared", exact=True).click()
    page.wait_for_function("() => location.search.includes('scale=shared')")
    written = page.evaluate("window.written.slice(before)".replace("before", str(before)))
    assert "pushState" in written, "an action of the user is a step"
    assert page.evaluate("history.length") == steps + 1
