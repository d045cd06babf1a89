"""Every page of the app in Chromium: where its time goes, what it weighs, what axe-core finds.

    python benchmarks/pages.py views
    python benchmarks/pages.py weight accessibility

Views: each page is opened by its place in the navigation, for the first time and then again;
another photo is chosen on it, new and seen before. Total: from the click, as the page hears of it,
until the page is at rest. Server: until its last message. Drawing: the rest.
Weight: our own content, which comes through the session's WebSocket and from /media (pictures), not
Streamlit's bundle.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page, Response

from app.views import REGISTRY
from benchmarks.harness import Row, in_browser, measure, new_tab, visit
from tests.browser.axe import Violation, violations
from tests.browser.driver import menu, settle

REPEATED = "≤ 0.25"  # seconds, for a view seen before
FIRST, INTERACTION = "≤ 1500", "≤ 500"  # KB

# What the driver does before it clicks (scrolls, waits until nothing moves) nobody feels.
_CLICKS = "addEventListener('click', () => { window.clicked = Date.now(); }, true)"

# At rest: nothing runs, nothing is stale, every picture is there, and that for two frames; when the
# first of them began, and when the click was.
_AT_REST = """async () => {
  const app = document.querySelector('[data-testid=stApp]');
  const rest = () => app.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')
    && [...document.images].every(i => i.complete);
  const frame = () => new Promise(requestAnimationFrame);
  if (!rest()) return null;
  const since = Date.now();
  await frame(); await frame();
  return rest() ? [since / 1000, window.clicked / 1000] : null;
}"""


class Traffic:
    """What a tab receives of our own content, and when the server last said something."""

    def __init__(self, page: Page) -> None:
        self.messages = self.pictures = 0  # bytes
        self.last = 0.0
        page.on("websocket", lambda socket: socket.on("framereceived", self._message))
        page.on("response", self._response)

    def _message(self, payload: str | bytes) -> None:
        self.messages += len(payload)
        self.last = time.time()

    def _response(self, response: Response) -> None:
        if "/media/" in response.url or "/component/" in response.url:
            self.pictures += int(response.headers.get("content-length", 0))

    def begin(self) -> None:
        """Count from here."""
        self.messages = self.pictures = 0
        self.last = time.time()

    @property
    def kilobytes(self) -> float:
        """All that came."""
        return (self.messages + self.pictures) / 1000


class Taken(NamedTuple):
    """One interaction: seconds in all, until the server's last message, kilobytes of messages."""

    total: float
    server: float
    kilobytes: float

    def __str__(self) -> str:
        """The parts of the total."""
        drawing = max(self.total - self.server, 0)
        return f"server {self.server:.2f} + drawing {drawing:.2f} s, {self.kilobytes:.0f} KB"


def views(options: argparse.Namespace) -> Iterator[Row]:
    """Every page again, and another photo on it again; beside it, what it took at first."""
    with in_browser() as (address, chromium):
        page = new_tab(chromium)
        page.add_init_script(_CLICKS)
        traffic = Traffic(page)
        visit(page, address)
        for view in [*REGISTRY[1:], REGISTRY[0]]:
            taken = _views(page, traffic, view.title, options.page_rounds)
            for name, before in {"again": "first", "photo again": "photo"}.items():
                now, then = (
                    Taken(*map(median, zip(*taken[n], strict=True))) for n in (name, before)
                )
                figures = f"{now}; {before} {then.total:.2f} s: {then}"
                yield Row(f"{view.title}: {name}", now.total, "s", REPEATED, figures)


def _views(page: Page, traffic: Traffic, title: str, rounds: int) -> dict[str, list[Taken]]:
    """The page for the first time and again; another photo on it, new and again."""

    def took(act: Callable[[], None]) -> Taken:
        traffic.begin()
        act()
        while not traffic.messages or not (rested := page.evaluate(_AT_REST)):
            page.wait_for_timeout(2)
        rest, clicked = rested
        return Taken(rest - clicked, traffic.last - clicked, traffic.messages / 1000)

    def go(name: str) -> Callable[[], None]:
        return menu(page, name).click

    found: dict[str, list[Taken]] = defaultdict(list)
    found["first"].append(took(go(title)))
    home = "Train" if title == "For teachers" else "For teachers"
    for _ in range(rounds):
        took(go(home))
        found["again"].append(took(go(title)))
    strip = page.get_by_test_id("stSidebar")
    photos = [strip.get_by_role("button", name=name).first for name in ("Rocket", "Espresso")]
    found["photo"] = [took(photo.click) for photo in photos]
    found["photo again"] = [took(photos[number % 2].click) for number in range(rounds)]
    return found


def weight(_: argparse.Namespace) -> Iterator[Row]:
    """How much each page loads at first, and each interaction sends."""
    with in_browser() as (address, chromium):
        for place, view in enumerate(REGISTRY):
            page = new_tab(chromium)
            traffic = Traffic(page)
            first = _received(page, traffic, partial(visit, page, _address(address, place)))
            strip = page.get_by_test_id("stSidebar")
            photo = _received(page, traffic, strip.get_by_role("button", name="Rocket").first.click)
            groups = page.get_by_test_id("stMain").get_by_role("radiogroup").all()[:4]
            choices = [group.get_by_role("radio", checked=False).first for group in groups]
            choice = max(
                (
                    _received(page, traffic, option.click)
                    for group, option in zip(groups, choices, strict=True)
                    if group.is_visible() and option.count()
                ),
                default=0.0,
            )
            page.context.close()
            yield Row(f"{view.title}: first", first, "KB", FIRST)
            yield Row(f"{view.title}: another photo", photo, "KB", INTERACTION)
            yield Row(f"{view.title}: any choice", choice, "KB", INTERACTION)


def _address(server: str, place: int) -> str:
    return f"{server}/{REGISTRY[place].url if place else ''}"


def _received(page: Page, traffic: Traffic, act: Callable[[], None]) -> float:
    """Kilobytes until the page has been still for half a second."""
    traffic.begin()
    act()
    for pause in (300, 500):
        page.wait_for_timeout(pause)
        settle(page)
    return traffic.kilobytes


def accessibility(_: argparse.Namespace) -> Iterator[Row]:
    """What axe-core finds, ours and Streamlit's own: one line a rule."""
    found: dict[tuple[bool, str, str], list[tuple[str, Violation]]] = defaultdict(list)
    with in_browser() as (address, chromium):
        for scheme in ("light", "dark"):
            page = new_tab(chromium, color_scheme=scheme)
            for place, view in enumerate(REGISTRY):
                visit(page, _address(address, place))
                page.wait_for_timeout(500)
                for one in violations(page):
                    found[one.ours, one.impact, one.rule].append((view.url, one))
    for (ours, impact, rule), places in sorted(found.items()):
        pages = ", ".join(sorted({url for url, _ in places}))
        whose, one = "ours" if ours else "Streamlit", places[0][1]
        figures = f"{pages}\n    {one.element[:150]}\n    {one.why[:200]}"
        yield Row(f"{whose}: {impact}, {rule}", len(places), "times", "", figures)


if __name__ == "__main__":
    subjects = {"views": views, "weight": weight, "accessibility": accessibility}
    measure(__doc__, subjects, page_rounds=5)
