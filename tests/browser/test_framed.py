"""The app in a frame of another page, as in a learning platform: uploads work, or it is said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Response, expect

from tests.browser import driver
from tests.conftest import noise_photo

SENTENCE = "Uploads don't work while this page is shown inside another site"


@contextmanager
def framing(url: str, host: str) -> Iterator[str]:
    """The address, at ``host``, of a page that shows ``url`` in a frame."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f"<!doctype html><title>Course</title><iframe src='{url}' width=1200 height=850>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{host}:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def outer(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def uploading(page: Page, app: FrameLocator, photo: Path) -> Callable[[], Response]:
    """Choose a photo in the frame; what the server said to its upload."""

    def bring() -> Response:
        with page.expect_response(lambda answer: answer.request.method == "PUT") as waiting:
            app.locator("input[type=file]").first.set_input_files(photo)
        return waiting.value

    app.get_by_text("Upload", exact=True).click()
    expect(app.locator("input[type=file]").first).to_be_attached()
    return bring


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    noise_photo(0).save(tmp_path / "mine.png")
    return tmp_path / "mine.png"


def test_in_a_frame_of_another_site_uploads_fail_and_the_way_out_is_said(
    outer: Page, address: str, photo: Path
) -> None:
    with framing(f"{address}/?image=espresso", "127.0.0.1") as course:
        outer.goto(course)
        app = outer.frame_locator("iframe")
        bring = uploading(outer, app, photo)
        sentence = app.get_by_text(SENTENCE)
        expect(sentence).to_be_visible()
        assert bring().status == 403, "the sentence is true"
        with outer.expect_popup() as waiting:
            sentence.get_by_role("link", name="Open in a tab").click()
    tab = waiting.value
    tab.set_default_timeout(30_000)
    assert "image=" in tab.url
    expect(tab.get_by_role("heading", name="See how GoogLeNet thinks")).to_be_visible()
    tab.get_by_text("Upload", exact=True).click()
    tab.locator("input[type=file]").first.set_input_files(photo)
    expect(tab.get_by_text("Your photo stays in this session")).to_be_visible()
    expect(tab.get_by_text(SENTENCE)).to_be_hidden()


def test_in_a_frame_of_the_same_site_uploads_work_and_nothing_is_said(
    outer: Page, address: str, photo: Path
) -> None:
    """Another port is another origin, but no other site: cookies don't know ports."""
    with framing(address, "localhost") as course:
        outer.goto(course)
        app = outer.frame_locator("iframe")
        assert uploading(outer, app, photo)().ok
        expect(app.get_by_text("Your photo stays in this session")).to_be_visible()
        expect(app.get_by_text(SENTENCE)).to_be_hidden()


def test_a_server_that_asks_for_no_cookie_takes_files_from_any_frame(
    outer: Page, tmp_path: Path, photo: Path
) -> None:
    setting = {"STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false"}
    with (
        driver.server(tmp_path, **setting) as address,
        framing(address, "127.0.0.1") as course,
    ):
        outer.goto(course)
        app = outer.frame_locator("iframe")
        assert uploading(outer, app, photo)().ok
        expect(app.get_by_text("Your photo stays in this session")).to_be_visible()
        expect(app.get_by_text(SENTENCE)).to_be_hidden()


def test_it_takes_no_room_where_it_says_nothing(page: Page) -> None:
    page.goto("/")
    driver.settle(page)
    page.get_by_text("Upload", exact=True).click()
    expect(page.locator(".st-key-framed_upload")).to_be_attached()
    assert page.locator(".st-key-framed_upload").bounding_box() is None
