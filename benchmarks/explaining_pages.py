"""How long the explaining pages take, measured in Chromium with the default model.

    python benchmarks/explaining_pages.py

Claims: Shapley values of a photo ≤ 2.5 s when asked for first, ≤ 0.3 s when seen before; the
Grad-CAM strip of another photo ≤ 1 s. A sign of life (progress, or the page marked as running)
within 0.3 s of every click.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page

from benchmarks.app import report
from tests.browser import driver

_IDLE = "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
_MATRIX = "document.querySelector('.map')?.innerHTML"
_STRIP = "[...document.querySelectorAll('.film img')].map(i => i.src).join()"
_SIGN = (
    "() => document.querySelector('[data-testid=stProgress]') ||"
    " document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'running'"
)


def wait(page: Page, what: str, action: Callable[[], None]) -> tuple[float, float]:
    """Seconds from an action to the first sign of life, and until ``what`` is drawn anew."""
    # Components live in shadow roots; Playwright's locators see through them, scripts don't.
    script = f"""() => {{
      const roots = [document, ...[...document.querySelectorAll('*')].map(e => e.shadowRoot)];
      for (const document of roots.filter(Boolean)) {{ const found = {what};
        if (found) return found; }}
      return '';
    }}"""
    before = page.evaluate(script)
    start = time.perf_counter()
    action()
    page.wait_for_function(f"{_SIGN}", polling=5)
    sign = time.perf_counter() - start
    page.wait_for_function(
        f"before => {{ const now = ({script})(); return now && now !== before && {_IDLE} }}",
        arg=before,
        polling=5,
    )
    return sign, time.perf_counter() - start


def main() -> None:
    signs: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        driver.browser() as browser,
        driver.server(Path(folder)) as address,
    ):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(90_000)

        def measure(path: str, what: str) -> tuple[list[float], list[float]]:
            page.goto(f"{address}/{path}")
            driver.settle(page)
            page.wait_for_timeout(500)
            photos = page.locator(".strip button")
            rounds = []
            for _ in range(2):  # the second time everything was seen before
                found = [wait(page, what, photos.nth(i).click) for i in [*range(1, 9), 0]]
                signs.extend(sign for sign, _ in found)
                rounds.append([taken for _, taken in found])
            return rounds[0], rounds[1]

        first, again = measure("contributions?image=cat", _MATRIX)
        report("Shapley of another photo, first time", first[:-1], 2.5)
        report("Shapley of a photo seen before", again, 0.3)
        strip, seen = measure("grad-cam?image=cat", _STRIP)
        report("Grad-CAM strip of another photo", strip[:-1], 1.0)
        report("Grad-CAM strip of a photo seen before", seen, 0.3)
        page.goto(f"{address}/contributions?image=cat")
        driver.settle(page)
        methods = ("Ablation", "Gradient × activation", "Integrated gradients", "Firing")
        taken = []
        for name in methods:
            click = page.get_by_role("radio", name=name, exact=True).click
            sign, seconds = wait(page, _MATRIX, click)
            signs.append(sign)
            taken.append(seconds)
            print(f"  method {name:22} {seconds:.2f} s")
        page.goto(f"{address}/switchboard?image=cat")
        driver.settle(page)
        lead = "[...document.querySelectorAll('.iv-lead')].map(e => e.textContent).join()"
        flips = [
            wait(page, lead, page.locator(f'.iv-wide [data-go="{place}"]').click)
            for place in ("3a/1x1", "4c/5x5", "5b/3x3", "4a/pool", "4e/3x3")
        ]
        signs.extend(sign for sign, _ in flips)
        report("another branch muted, until all is drawn", [taken for _, taken in flips], 0.6)
        report("until the first sign of life, any click", signs, 0.3)


if __name__ == "__main__":
    main()
