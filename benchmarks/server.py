"""The app on a server of its own, seen in Chromium, and the memory that the server takes."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.browser import driver


@contextmanager
def running() -> Iterator[str]:
    """Run the app with an empty cache; yield its address."""
    with tempfile.TemporaryDirectory() as cache, driver.server(Path(cache)) as address:
        yield address


@contextmanager
def in_browser() -> Iterator[tuple[str, Browser]]:
    """Run the app, and a browser; yield the address and the browser."""
    with running() as address, driver.browser() as chromium:
        yield address, chromium


def new_tab(chromium: Browser, **options: Any) -> Page:
    """A tab that shares nothing with others; ``options`` are those of Playwright's contexts."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, **options)
    page = context.new_page()
    page.set_default_timeout(90_000)
    return page


def visit(page: Page, address: str) -> None:
    """Open an address and wait until the app has nothing left to do."""
    page.goto(address)
    driver.settle(page)


def megabytes() -> float:
    """Resident memory of the server that this process started."""
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "rss=,args="], capture_output=True, text=True
    ).stdout.splitlines()
    return sum(int(line.split()[0]) for line in children if "streamlit run" in line) / 1000
