"""One server and one browser for all browser tests; each test gets a fresh browser profile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.session.photos import FOLDER
from tests.browser import driver

expect.set_options(timeout=20_000)  # two test processes share the machine with the app


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            if driver.browser_path() is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium is installed"))


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with driver.server(tmp_path_factory.mktemp("cache")) as address:
        yield address


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """With a camera that shows an espresso for two seconds, then a goldfish."""
    photos = [FOLDER / f"{name}.jpg" for name in ("espresso", "goldfish")]
    film = driver.make_film(tmp_path_factory.mktemp("film") / "film.mjpeg", photos, 2)
    with driver.browser(film) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=address)
    page = context.new_page()
    page.set_default_timeout(30_000)
    driver.watch(page)
    yield page
    assert not page.get_by_text("Traceback").count()
    context.close()


@pytest.fixture
def phone(chromium: Browser, address: str) -> Iterator[Page]:
    """A narrow page that is touched."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, base_url=address, has_touch=True
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    driver.watch(page)
    yield page
    context.close()
