"""What a page shows, to compare it with another."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from playwright.sync_api import Error, Page

# What the page shows: its words, what is chosen, what the drawings say. Not the axis labels of
# charts: they depend on how wide a chart once was.
SEEN = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const all = (root, what) => [...root.querySelectorAll('*')].flatMap(e =>
    [...(e.matches(what) ? [e] : []), ...(e.shadowRoot ? all(e.shadowRoot, what) : [])]);
  const state = e => [e.getAttribute('role') ?? e.type, e.innerText || e.ariaLabel,
    e.ariaChecked ?? e.ariaSelected ?? e.getAttribute('aria-valuenow') ?? e.value].join(' ');
  const hidden = e => e.closest('.st-key-toolbar');
  return {
    words: [...main.querySelectorAll('p, h1, h2, h3, td, li')].filter(e => !hidden(e))
      .map(e => e.innerText.trim()).filter(Boolean),
    choices: all(main, '[role=radio], [role=tab], [role=slider], input').filter(e => !hidden(e))
      .filter(e => e.type != 'file').map(state),
    drawn: all(main, 'svg text').filter(e => e.checkVisibility() && !e.closest('.js-plotly-plot'))
      .map(e => e.textContent),
  };
}"""


def assert_same(page: Page, expected: Any) -> None:
    """The page shows what is expected, at once or soon."""
    same = f"expected => JSON.stringify(({SEEN})()) === JSON.stringify(expected)"
    with suppress(Error):
        page.wait_for_function(same, arg=expected, timeout=20_000)
    assert page.evaluate(SEEN) == expected
