"""Start the app and drive it in a real browser, for the browser tests and for benchmarks."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from PIL import Image, ImageOps
from playwright.sync_api import Browser, Locator, Page, WebSocket, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.views import REGISTRY

_SOCKETS: WeakKeyDictionary[Page, WebSocket] = WeakKeyDictionary()
ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "google-chrome", "chromium-browser")
# A browser that doesn't call home, so that any foreign request is the app's.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Our components, each in a shadow root, have put something to see into it, and none says that its
# script hasn't come yet; every page has one.
_DRAWN = """() => {
  const hosts = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')];
  const seen = e => ['IMG', 'svg', 'CANVAS'].includes(e.tagName)
    || e.hasAttribute('aria-pressed')
    || (e.tagName !== 'STYLE' && !e.childElementCount && e.textContent.trim());
  const drawn = host => host.shadowRoot && !host.shadowRoot.querySelector('[aria-busy=true]')
    && [...host.shadowRoot.querySelectorAll('*')].some(seen);
  return hosts.length > 0 && hosts.every(drawn);
}"""

# Fonts and pictures, ours and whoever else's, have come.
_LOADED = """async () => {
  await document.fonts.ready;
  return [...document.images].every(image => image.complete);
}"""


def browser_path() -> str | None:
    """The installed browser, if any."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port: int = probe.getsockname()[1]
        return port


def start(cache: Path, port: int, **variables: str) -> subprocess.Popen[bytes]:
    """Start the app with ``cache`` as its cache; it answers when this returns."""
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py"]
    command += [f"--server.port={port}", "--server.headless=true"]
    places = {"INCEPTION_VIZ_CACHE": str(cache), "TORCH_HOME": str(cache)}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | places | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _wait_for(f"http://localhost:{port}", process)
    return process


@contextmanager
def server(cache: Path, **variables: str) -> Iterator[str]:
    """Run the app on a free port with ``cache`` as its cache; yield its address."""
    port = free_port()
    process = start(cache, port, **variables)
    try:
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def browser(film: Path | None = None) -> Iterator[Browser]:
    """A headless browser; with a ``film`` (MJPEG) it has a camera that shows that, over and over.

    Whoever asks for the camera gets it.
    """
    camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    flags = [*FLAGS, *camera, f"--use-file-for-fake-video-capture={film}"] if film else FLAGS
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser_path(), args=flags)
        yield running
        running.close()


def square(photo: Path) -> Image.Image:
    """What a camera sees that is held in front of the middle of a photo."""
    with Image.open(photo) as opened:
        return ImageOps.fit(opened.convert("RGB"), (480, 480))


def make_film(path: Path, photos: Sequence[Path], seconds: float) -> Path:
    """A film of 30 frames a second that shows each photo for so long, cut to a square."""
    with path.open("wb") as film:
        for photo in photos:
            frame = ImageOps.pad(square(photo), (640, 480))
            encoded = io.BytesIO()
            frame.save(encoded, "JPEG", quality=90)
            film.write(encoded.getvalue() * round(30 * seconds))
    return path


def settle(page: Page, timeout: float = 60_000) -> None:
    """Wait until the app has nothing left to do for this page.

    Before its first run the app is "not running" either, so the page must show something, too.
    """
    page.wait_for_selector(
        "[data-testid=stApp][data-test-script-state=notRunning]"
        " [data-testid=stMain] [data-testid=stElementContainer]",
        timeout=timeout,
        state="attached",
    )
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_function(_DRAWN)
    page.wait_for_function(_LOADED)


def visit(page: Page, path: str) -> None:
    """Open a page of the app, and wait until it stands."""
    page.goto(path)
    settle(page)


def watch(page: Page) -> None:
    """Note the page's connection to the app for :func:`rerun`; call before it opens anything."""
    page.on("websocket", lambda socket: _SOCKETS.update({page: socket}))


def menu(page: Page, title: str) -> Locator:
    """Open the menu that has the page ``title``; its entry there, to click."""
    group = next(view.group for view in REGISTRY if view.title == title)
    page.get_by_test_id("stTopNavSection").filter(has_text=group).click()
    return page.get_by_role("menuitem", name=title, exact=True)


@contextmanager
def rerun(page: Page) -> Iterator[None]:
    """What is done inside makes the app run again; wait until that run is over and drawn."""
    with _SOCKETS[page].expect_event("framereceived", _ends_a_run):
        yield
    settle(page)


def _ends_a_run(message: str | bytes) -> bool:
    told = ForwardMsg()
    told.ParseFromString(message if isinstance(message, bytes) else message.encode())
    return (
        told.WhichOneof("type") == "script_finished"
        and told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
    )


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"The app stopped with status {process.returncode}.")
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError("The app did not start within 30 seconds.")
