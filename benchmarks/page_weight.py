"""How much of our own content each page loads, and each interaction sends, in kilobytes.

Own: what comes through the session's WebSocket and from /media (pictures), not Streamlit's bundle.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page, Response, WebSocket

from app.views import REGISTRY
from tests.browser.driver import browser, server, settle

FIRST, INTERACTION = 1500, 500  # the most there should be, KB


class Meter:
    """Adds up what a page receives."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        page.on("websocket", self._socket)
        page.on("response", self._response)

    def _socket(self, socket: WebSocket) -> None:
        def received(payload: str | bytes) -> None:
            self.bytes += len(payload)

        socket.on("framereceived", received)

    def _response(self, response: Response) -> None:
        if "/media/" in response.url or "/component/" in response.url:
            self.bytes += int(response.headers.get("content-length", 0))

    def taken(self) -> float:
        """Kilobytes since the last call."""
        kilobytes, self.bytes = self.bytes / 1000, 0
        return kilobytes


def main() -> None:
    worst = 0.0
    with tempfile.TemporaryDirectory() as cache, server(Path(cache)) as address, browser() as b:
        for place, view in enumerate(REGISTRY):
            page = b.new_context(viewport={"width": 1440, "height": 900}).new_page()
            meter = Meter(page)
            page.goto(f"{address}/{view.url if place else ''}")
            _still(page)
            first = meter.taken()
            strip = page.get_by_test_id("stSidebar")
            strip.get_by_role("button", name="Rocket").first.click()
            _still(page)
            photo = meter.taken()
            other = 0.0
            groups = page.get_by_test_id("stMain").get_by_role("radiogroup")
            for group in groups.all()[:4]:
                option = group.get_by_role("radio", checked=False).first
                if group.is_visible() and option.count():
                    option.click()
                    _still(page)
                    other = max(other, meter.taken())
            worst = max(worst, first / FIRST, photo / INTERACTION, other / INTERACTION)
            print(
                f"{view.title:20} first {first:6.0f}  other photo {photo:6.0f}  choice {other:6.0f}"
            )
            page.context.close()
    print(
        f"asked: first ≤ {FIRST}, interaction ≤ {INTERACTION}; {'pass' if worst <= 1 else 'FAIL'}"
    )


def _still(page: Page) -> None:
    page.wait_for_timeout(300)
    settle(page)
    page.wait_for_timeout(500)
    settle(page)


if __name__ == "__main__":
    main()
