"""How long a user waits, measured in Chromium against a server of its own.

    python benchmarks/app.py

Claims: a new photo until its branch maps are drawn, median of ten ≤ 1.2 s; another module ≤ 0.6 s;
first page of a fresh clone ≤ 5 s after the command on a warm machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page

from tests.browser import driver

# Resolves when the four mean maps and the first tiles on the page are others than before.
_CHANGED = """before => {
  const now = [...document.querySelectorAll('[data-testid=stImage] img')].map(i => i.src);
  const done = [...document.images].every(i => i.complete);
  const idle = document.querySelector('[data-testid=stApp]').dataset.testScriptState;
  return idle === 'notRunning' && done && now.length === 4 && now.every((s, i) => s !== before[i]);
}"""
_IMAGES = "() => [...document.querySelectorAll('[data-testid=stImage] img')].map(i => i.src)"


def waits(page: Page, actions: Sequence[Callable[[], None]]) -> list[float]:
    """Seconds from each action until all four branches are drawn anew."""
    taken = []
    for action in actions:
        before = page.evaluate(_IMAGES)
        start = time.perf_counter()
        action()
        page.wait_for_function(_CHANGED, arg=before, polling=10)
        taken.append(time.perf_counter() - start)
    return taken


def report(name: str, taken: list[float], claim: float) -> None:
    """One line: median, extremes, claim."""
    print(
        f"{name:44} median {median(taken):5.2f} s   "
        f"({min(taken):.2f} to {max(taken):.2f}; claim: at most {claim} s)"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, driver.browser() as browser:
        firsts = [first_page(browser.new_page(), Path(folder)) for _ in range(3)]
        report("command to first page drawn", firsts, 5)
        with driver.server(Path(folder)) as address:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{address}/branches?module=4c")
            driver.settle(page)
            photos = page.locator(".strip button")
            count = photos.count()
            order = [*range(1, count), 0, 1]
            picks = [photos.nth(index).click for index in order[:10]]
            report("another photo until its maps are drawn", waits(page, picks), 1.2)
            page.reload()
            driver.settle(page)
            names = ("5b", "3a", "4a", "3b", "4e", "4b", "5a", "4d", "4c", "3a")
            pills = page.locator("[data-testid=stButtonGroup]").filter(has_text="stem")
            switches = [pills.get_by_text(name, exact=True).click for name in names]
            report("another module until its maps are drawn", waits(page, switches), 0.6)


def first_page(page: Page, cache: Path) -> float:
    """Seconds from the command to the map on the front page."""
    start = time.perf_counter()
    with driver.server(cache) as address:
        page.goto(address)
        page.wait_for_selector('.iv-wide [data-go="5b/pool"]', timeout=60_000)
        taken = time.perf_counter() - start
    page.close()
    return taken


if __name__ == "__main__":
    main()
