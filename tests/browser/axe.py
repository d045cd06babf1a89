"""Run axe-core in a page, and tell what is ours from what Streamlit draws."""

from __future__ import annotations

from typing import NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# Where an element is ours: drawings and components in their shadow roots, HTML and Markdown that we
# wrote, pictures with our words. The rest (buttons, selects, charts, the frame) is Streamlit's.
_OURS = """target => {
  const path = Array.isArray(target[0]) ? target[0] : target;
  if (path.length > 1) return true;
  const element = document.querySelector(path[0]);
  return !!element?.closest('[data-testid=stHtml], [data-testid=stMarkdownContainer], ' +
    '[data-testid=stCaptionContainer], [data-testid=stImage], ' +
    '[data-testid=stHeading], [data-testid=stBidiComponentRegular]');
}"""


class Violation(NamedTuple):
    """One broken rule at one element."""

    rule: str
    impact: str
    element: str
    why: str
    ours: bool


def violations(page: Page) -> list[Violation]:
    """What axe finds on the page as it is now."""
    response = Axe().run(page).response
    return [
        Violation(
            found["id"],
            node.get("impact") or found["impact"],
            node["html"],
            " ".join((node.get("failureSummary") or "").split()),
            bool(page.evaluate(_OURS, node["target"])),
        )
        for found in response["violations"]
        for node in found["nodes"]
    ]
