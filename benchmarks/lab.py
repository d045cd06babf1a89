"""How quickly the architecture lab answers, measured in Chromium with the default model.

    python benchmarks/lab.py

Claims: a cell edited until the costs follow ≤ 0.4 s; while typing, from the key to the figures
inside the page, ≤ 0.15 s at the median; rebuilt until both answers are there ≤ 1.5 s.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import expect

from benchmarks.app import report
from tests.browser import driver

MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")

# Components live in shadow roots.
_COSTS = """() => [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)
  .flatMap(root => [...root.querySelectorAll('.lab td.info')]).map(e => e.textContent).join('|')"""

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


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        driver.browser() as browser,
        driver.server(Path(folder)) as address,
    ):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(30_000)
        page.goto(f"{address}/lab?image=cat")
        driver.settle(page)
        typed = [taken / 1000 for taken in page.evaluate(_TYPE, 27)]
        page.reload()
        driver.settle(page)
        edits, rebuilds = [], []
        for number, module in enumerate(MODULES):
            box = page.get_by_label(f"{module} #1×1", exact=True)
            before = page.evaluate(_COSTS)
            start = time.perf_counter()
            box.fill(str(20 + number))
            page.wait_for_function(f"before => ({_COSTS})() !== before", arg=before, polling=5)
            edits.append(time.perf_counter() - start)
            box.press("Enter")
            driver.settle(page)
        for number in range(5):
            box = page.get_by_label("5b #3×3", exact=True)
            box.fill(str(20 + 70 * number))
            box.press("Enter")
            driver.settle(page)
            page.wait_for_timeout(500)
            lead = page.locator(".iv-lead")
            before = lead.inner_text() if lead.count() else ""
            start = time.perf_counter()
            page.get_by_role("button", name="Rebuild the network").click()
            expect(lead).not_to_have_text(before, timeout=30_000)
            expect(page.get_by_text("Rebuilt", exact=True).nth(1)).to_be_visible()
            driver.settle(page)
            rebuilds.append(time.perf_counter() - start)
        report("a key until its costs follow, in the page", typed, 0.15)
        report("a cell edited until its costs follow", edits, 0.4)
        report("rebuilt until both answers are there", rebuilds, 1.5)


if __name__ == "__main__":
    main()
