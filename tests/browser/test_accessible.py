"""axe-core on every page, light and dark: nothing serious or critical in what is ours.

Streamlit's own elements are counted apart; ``benchmarks/pages.py`` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.views import REGISTRY
from app.views.learn.chapters import CHAPTERS
from tests.browser.axe import violations
from tests.browser.driver import settle

PAGES = ["" if place == 0 else view.url for place, view in enumerate(REGISTRY)]
PAGES += [f"learn?chapter={chapter.name}" for chapter in CHAPTERS]
PAGES += ["?metric=contribution", "?metric=cam", "branches?channel=3a/1x1:0"]
PAGES += ["?fit=0.42-0.38-0.3", "branches?module=4c&tiles=pictures"]
PAGES += [
    f"branches?module=4c&channel=4c/5x5:7&about={tab}" for tab in ("wiring", "volume", "tuning")
]


@pytest.fixture(params=["light", "dark"])
def visitor(chromium: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, base_url=address, color_scheme=request.param
    )
    yield context.new_page()
    context.close()


def test_the_walk_has_nothing_serious_while_its_first_frame_is_late(visitor: Page) -> None:
    visitor.add_init_script("window.requestAnimationFrame = () => 0")
    visitor.goto("/learn?chapter=module")
    expect(visitor.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=60_000)
    assert not [v for v in violations(visitor) if v.ours and v.impact in ("serious", "critical")]


def test_nothing_serious_on_any_page(visitor: Page) -> None:
    found: dict[str, list[str]] = {}
    for path in PAGES:
        visitor.goto(f"/{path}")
        settle(visitor)
        ours = [v for v in violations(visitor) if v.ours and v.impact in ("serious", "critical")]
        if ours:
            found[path] = [f"{v.rule}: {v.element[:160]} {v.why[:160]}" for v in ours[:6]]
    assert not found
