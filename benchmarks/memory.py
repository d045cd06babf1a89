"""Memory of one server: at the start, for each further user, and when they have left."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import BrowserContext

from benchmarks.resident import megabytes
from tests.browser.driver import browser, server, settle

USERS = 8
PHOTOS = ["cat", "espresso", "rocket", "astronaut", "goldfish", "uniform", "raccoon", "moose"]
PAGES = ["?metric=contribution&", "branches?module=4c&", "grad-cam?"]


def main() -> None:
    with tempfile.TemporaryDirectory() as cache, server(Path(cache)) as address, browser() as b:
        print(f"started                 {megabytes():7.0f} MB")
        users: list[BrowserContext] = []
        levels = []
        for photo in PHOTOS[:USERS]:
            users.append(b.new_context())
            page = users[-1].new_page()
            for path in PAGES:
                page.goto(f"{address}/{path}image={photo}")
                settle(page)
            levels.append(megabytes())
            print(f"{len(users)} users, three pages  {levels[-1]:7.0f} MB")
        print(f"a further user          {(levels[-1] - levels[0]) / (USERS - 1):7.0f} MB")
        for user in users:
            user.close()
        print(f"all have left           {megabytes():7.0f} MB")


if __name__ == "__main__":
    main()
