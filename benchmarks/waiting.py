"""How long a user waits, measured in Chromium against a server of its own.

    python benchmarks/waiting.py                  # all of it
    python benchmarks/waiting.py photos lab

Each wait ends when what was asked for is drawn anew, the app is idle and every picture is there. A
sign of life is a progress bar, or the page marked as running.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page, expect

from benchmarks.harness import ROOT, Row, in_browser, measure, new_tab, seconds, visit
from tests.browser import driver

MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
METHODS = ("Ablation", "Gradient × activation", "Integrated gradients", "Firing")

# Parts of a page, as JavaScript from a root of the document to a list of texts.
FOUR_MAPS = "[...root.querySelectorAll('[data-testid=stImage] img')].map(i => i.src)"
MATRIX = "[...root.querySelectorAll('.map')].map(e => e.innerHTML)"
FILM = "[...root.querySelectorAll('.film img')].map(i => i.src)"
PAINTED = """[...root.querySelectorAll('img[alt^="The picture that the channel"]')]
  .map(i => i.src)"""
LEAD = "[...root.querySelectorAll('.iv-lead')].map(e => e.textContent)"
COSTS = "[...root.querySelectorAll('.lab td.info')].map(e => e.textContent)"

# Components live in shadow roots; Playwright's locators see through them, scripts don't.
_PARTS = """() => [document, ...[...document.querySelectorAll('*')].map(e => e.shadowRoot)]
  .filter(Boolean).flatMap(root => %s)"""
_CHANGED = """before => {
  const now = (%s)(), differs = (part, place) => part !== before[place];
  return now.length && (now.length !== before.length || now.%s(differs)) && %s;
}"""
_IDLE = """(document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
  && [...document.images].every(i => i.complete))"""
_SIGN = """() => document.querySelector('[data-testid=stProgress]')
  || document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'running'"""

# Types into the first column, a number every 0.6 s; milliseconds from the key to other figures.
_TYPE = """async count => {
  const root = [...document.querySelectorAll('*')].map(e => e.shadowRoot)
    .find(r => r?.querySelector('.lab'));
  const costs = () => [...root.querySelectorAll('td.info')].map(e => e.textContent).join('|');
  const boxes = [...root.querySelectorAll('input')].filter(box => box.dataset.column === '0');
  const taken = [];
  for (let i = 0; i < count; i++) {
    const before = costs(), box = boxes[i % boxes.length], start = performance.now();
    box.focus(); box.value = String(20 + i);
    box.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise(done => new MutationObserver((_, observer) => {
      if (costs() !== before) { observer.disconnect(); done(); }
    }).observe(root, { subtree: true, childList: true, characterData: true }));
    taken.push(performance.now() - start);
    await new Promise(done => setTimeout(done, 600));
  }
  return taken;
}"""
_IMPORT = """
import time
start = time.perf_counter()
import inception_viz
print(time.perf_counter() - start)
"""


def wait(
    page: Page,
    part: str,
    act: Callable[[], None],
    *,
    signs: list[float] | None = None,
    all_of_it: bool = False,
    idle: bool = True,
) -> float:
    """Seconds from an action until a part of the page is drawn anew, or ``all_of_it``.

    ``signs`` gets the seconds until the first sign of life.
    """
    parts = _PARTS % part
    before = page.evaluate(parts)
    start = time.perf_counter()
    act()
    if signs is not None:
        page.wait_for_function(_SIGN, polling=5)
        signs.append(time.perf_counter() - start)
    changed = _CHANGED % (parts, "every" if all_of_it else "some", _IDLE if idle else "true")
    page.wait_for_function(changed, arg=before, polling=5)
    return time.perf_counter() - start


def start(_: argparse.Namespace) -> Iterator[Row]:
    """From nothing: the import, and the command until the first page is drawn."""
    command = [sys.executable, "-c", _IMPORT]
    taken = [float(subprocess.check_output(command, text=True, cwd=ROOT)) for _ in range(5)]
    yield seconds("import inception_viz", taken, "≤ 0.2")
    with tempfile.TemporaryDirectory() as cache, driver.browser() as chromium:
        taken = [first_page(new_tab(chromium), Path(cache)) for _ in range(4)]
    yield seconds("command to first page drawn", taken, "≤ 5")
    yield seconds("command until the first answer, files cached", taken[1:], "≤ 6")


def first_page(page: Page, cache: Path) -> float:
    """Seconds from the command to the map on the front page."""
    start = time.perf_counter()
    with driver.server(cache) as address:
        page.goto(address)
        page.wait_for_selector('.iv-wide [data-go="5b/pool"]')
        taken = time.perf_counter() - start
    page.close()
    return taken


def photos(_: argparse.Namespace) -> Iterator[Row]:
    """Another photo, and another module, until all four branches are drawn."""
    with in_browser() as (address, chromium):
        page = new_tab(chromium)
        visit(page, f"{address}/branches?module=4c")
        strip = page.locator(".strip button")
        order = [*range(1, strip.count()), 0, 1][:10]
        taken = [wait(page, FOUR_MAPS, strip.nth(i).click, all_of_it=True) for i in order]
        yield seconds("another photo until its maps are drawn", taken, "≤ 1.2")
        page.reload()
        driver.settle(page)
        pills = page.locator("[data-testid=stButtonGroup]").filter(has_text="stem")
        clicks = [
            pills.get_by_text(name, exact=True).click
            for name in ("5b", "3a", "4a", "3b", "4e", "4b", "5a", "4d", "4c", "3a")
        ]
        taken = [wait(page, FOUR_MAPS, click, all_of_it=True) for click in clicks]
        yield seconds("another module until its maps are drawn", taken, "≤ 0.6")


def explanations(_: argparse.Namespace) -> Iterator[Row]:
    """What the explaining pages compute, first and when it was seen before."""
    signs: list[float] = []
    with in_browser() as (address, chromium):
        page = new_tab(chromium)

        def waits(part: str, clicks: Iterable[Callable[[], None]]) -> list[float]:
            return [wait(page, part, click, signs=signs) for click in clicks]

        def eight_photos(path: str, part: str) -> tuple[list[float], list[float]]:
            visit(page, f"{address}/{path}")
            page.wait_for_timeout(500)
            strip = page.locator(".strip button")
            clicks = [strip.nth(i).click for i in [*range(1, 9), 0]]
            return waits(part, clicks)[:-1], waits(part, clicks)  # now everything was seen before

        first, again = eight_photos("contributions?image=cat", MATRIX)
        yield seconds("Shapley of another photo, first time", first, "≤ 2.5")
        yield seconds("Shapley of a photo seen before", again, "≤ 0.3")
        first, again = eight_photos("grad-cam?image=cat", FILM)
        yield seconds("Grad-CAM strip of another photo", first, "≤ 1.0")
        yield seconds("Grad-CAM strip of a photo seen before", again, "≤ 0.3")
        visit(page, f"{address}/contributions?image=cat")
        for name in METHODS:
            radio = page.get_by_role("radio", name=name, exact=True)
            yield seconds(f"method {name}", waits(MATRIX, [radio.click]))
        visit(page, f"{address}/switchboard?image=cat")
        places = ("3a/1x1", "4c/5x5", "5b/3x3", "4a/pool", "4e/3x3")
        flips = [page.locator(f'.iv-wide [data-go="{place}"]').click for place in places]
        yield seconds("another branch muted, until all is drawn", waits(LEAD, flips), "≤ 0.6")
    yield seconds("until the first sign of life, any click", signs, "≤ 0.3")


def channels(_: argparse.Namespace) -> Iterator[Row]:
    """A channel's dashboard opened, until its picture is there: painted now, or bundled."""
    with in_browser() as (address, chromium):
        page = new_tab(chromium)
        for model, claim, words in (
            ("random", "≤ 2.5", "painted now"),
            ("bvlc", "≤ 0.3", "from the atlas"),
        ):
            visit(page, f"{address}/branches?module=4c&branch=5x5&model={model}")
            signs: list[float] = []
            taken = []
            for number in range(8):
                tile = page.locator(".grid button").nth(number)
                taken.append(wait(page, PAINTED, tile.click, signs=signs, idle=False))
                driver.settle(page)
                page.keyboard.press("Escape")
                driver.settle(page)
            yield seconds(f"a channel of 4c until its picture is there, {words}", taken, claim)
            yield seconds(f"until the first sign of life, {words}", signs, "≤ 0.3")


def lab(_: argparse.Namespace) -> Iterator[Row]:
    """The architecture lab: a key, a cell, a rebuilt network."""
    with in_browser() as (address, chromium):
        page = new_tab(chromium)
        visit(page, f"{address}/lab?image=cat")
        typed = [taken / 1000 for taken in page.evaluate(_TYPE, 27)]
        yield seconds("a key until its costs follow, in the page", typed, "≤ 0.15")
        page.reload()
        driver.settle(page)

        def fill(label: str, value: int) -> None:
            page.get_by_label(label, exact=True).fill(str(value))

        def enter(label: str) -> None:
            page.get_by_label(label, exact=True).press("Enter")
            driver.settle(page)

        edits, rebuilds = [], []
        for number, module in enumerate(MODULES):
            label = f"{module} #1×1"
            edits.append(wait(page, COSTS, partial(fill, label, 20 + number), idle=False))
            enter(label)
        yield seconds("a cell edited until the costs follow", edits, "≤ 0.4")
        for number in range(5):
            fill("5b #3×3", 20 + 70 * number)
            enter("5b #3×3")
            page.wait_for_timeout(500)
            start = time.perf_counter()
            wait(page, LEAD, page.get_by_role("button", name="Rebuild the network").click)
            expect(page.get_by_text("Rebuilt", exact=True).nth(1)).to_be_visible()
            driver.settle(page)
            rebuilds.append(time.perf_counter() - start)
        yield seconds("rebuilt until both answers are there", rebuilds, "≤ 1.5")


if __name__ == "__main__":
    subjects = {
        "start": start,
        "photos": photos,
        "explanations": explanations,
        "channels": channels,
        "lab": lab,
    }
    measure(__doc__, subjects)
