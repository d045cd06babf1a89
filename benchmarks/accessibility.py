"""What axe-core finds on every page, ours and Streamlit's own: one line a rule."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.views import REGISTRY
from tests.browser.axe import Violation, violations
from tests.browser.driver import browser, server, settle


def main() -> None:
    found: dict[tuple[bool, str, str], list[tuple[str, Violation]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as cache, server(Path(cache)) as address, browser() as b:
        for scheme in ("light", "dark"):
            page = b.new_context(color_scheme=scheme).new_page()
            for place, view in enumerate(REGISTRY):
                page.goto(f"{address}/{view.url if place else ''}")
                settle(page)
                page.wait_for_timeout(500)
                for v in violations(page):
                    found[v.ours, v.impact, v.rule].append((view.url, v))
    for (ours, impact, rule), places in sorted(found.items()):
        pages = ", ".join(sorted({url for url, _ in places}))
        print(f"{'ours' if ours else 'Streamlit'}: {impact}, {rule}, {len(places)} times: {pages}")
        print(f"    {places[0][1].element[:150]}\n    {places[0][1].why[:200]}")


if __name__ == "__main__":
    main()
