"""The server dies in mid-lesson; the host of the weights misbehaves. What open pages make of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from inception_viz.files import VARIABLE
from inception_viz.training import Phase, Run, process
from tests.browser import driver
from tests.browser.seen import SEEN, assert_same
from tests.conftest import noise_photo
from tests.misbehaving import serving
from tests.training.conftest import COLOURS, picture, quick, small_config

BIG = b"\0" * 2**22
Open = Callable[[str], Page]


class Server:
    """The app on one port, to be killed and started again."""

    def __init__(self, cache: Path, **variables: str) -> None:
        self.cache, self.variables = cache, variables
        self.port = driver.free_port()
        self.start()

    def start(self) -> None:
        self.process = driver.start(self.cache, self.port, **self.variables)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def own_server(cache: Path) -> Iterator[Server]:
    server = Server(cache)
    yield server
    server.kill()


@pytest.fixture
def visit(chromium: Browser, own_server: Server) -> Iterator[Open]:
    with_pages = chromium.new_context(
        viewport={"width": 1440, "height": 900}, base_url=f"http://localhost:{own_server.port}"
    )
    with_pages.set_default_timeout(30_000)

    def open_page(path: str) -> Page:
        page = with_pages.new_page()
        page.goto(path)
        driver.settle(page)
        return page

    yield open_page
    for page in with_pages.pages:
        expect(page.get_by_text("Traceback")).to_have_count(0)
    with_pages.close()


def wait_until_connected(page: Page, connected: bool = True) -> None:
    app = page.get_by_test_id("stApp")
    state = "CONNECTED" if connected else re.compile("^(?!CONNECTED$)")
    expect(app).to_have_attribute("data-test-connection-state", state, timeout=60_000)


def test_open_pages_go_on_when_the_server_was_killed(
    visit: Open, own_server: Server, tmp_path: Path
) -> None:
    pages = {
        path: visit(path)
        for path in (
            "/branches?image=espresso&module=4c&branch=5x5&target=tench",
            "/lab",
        )
    }
    lab = pages["/lab"]
    cell = lab.get_by_label("4c #1×1", exact=True)
    cell.fill("100")
    cell.press("Enter")
    expect(lab).to_have_url(re.compile("arch="))
    driver.settle(lab)
    before = {path: page.evaluate(SEEN) for path, page in pages.items()}
    own_server.kill()
    wait_until_connected(lab, connected=False)
    own_server.start()
    for path, page in pages.items():
        wait_until_connected(page)
        driver.settle(page)
        assert_same(page, before[path])
        page.reload()  # nothing is left but the address
        driver.settle(page)
        assert_same(page, before[path])
        expect(page.get_by_test_id("stToast")).to_have_count(0)
    expect(lab.get_by_label("4c #1×1", exact=True)).to_have_value("100")


def test_a_photo_that_went_with_the_server_is_said(
    visit: Open, own_server: Server, tmp_path: Path
) -> None:
    noise_photo(5).save(tmp_path / "mine.png")
    page = visit("/")
    page.get_by_role("radio", name="Upload").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    own = page.get_by_role("img", name="Your photo mine.png")
    expect(own.first).to_be_visible()
    own_server.kill()
    wait_until_connected(page, connected=False)
    own_server.start()
    wait_until_connected(page)
    page.get_by_role("radio", name="Whole").click()
    lost = page.get_by_text("your photo with it. Choose it again.")
    expect(lost).to_be_visible()
    expect(own).to_have_count(0)
    expect(page.locator("input[type=file]")).to_have_count(1)
    page.locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    expect(own.first).to_be_visible()
    expect(lost).to_have_count(0)


@pytest.fixture
def training(cache: Path, tmp_path: Path) -> Iterator[tuple[Run, subprocess.Popen[bytes]]]:
    """A training that goes on for long, and its process."""
    for label, colour in COLOURS.items():
        (tmp_path / "photos" / label).mkdir(parents=True)
        for index in range(8):
            picture(colour, index).save(tmp_path / "photos" / label / f"{index}.png")
    run = process.new_run("photos")
    started: list[subprocess.Popen[bytes]] = []
    with pytest.MonkeyPatch.context() as patch:
        popen = subprocess.Popen

        def remember(*args: object, **options: object) -> subprocess.Popen[bytes]:
            started.append(popen(*args, **options))  # type: ignore[call-overload]
            return started[-1]

        patch.setattr(subprocess, "Popen", remember)
        process.start(
            run, str(tmp_path / "photos"), small_config(), quick(phases=(Phase(32, 9999),))
        )
    yield run, started[0]
    run.send("stop")
    deadline = time.monotonic() + 60
    while run.is_held() and time.monotonic() < deadline:
        time.sleep(0.1)


def test_a_training_outlives_the_server_and_its_own_death(
    training: tuple[Run, subprocess.Popen[bytes]], visit: Open, own_server: Server
) -> None:
    run, trainer = training
    page = visit("/train")
    going_on = page.get_by_role("heading", name=f"Training: {run.path.name}")
    expect(going_on).to_be_visible(timeout=60_000)
    own_server.kill()
    wait_until_connected(page, connected=False)
    step = run.status().step
    own_server.start()
    wait_until_connected(page)
    for word in page.get_by_text(re.compile(r", step [\d,]+ of")).all_inner_texts():
        step = max(step, int(word.split("step ")[1].split(" of")[0].replace(",", "")))
    page.wait_for_function(  # the page follows it again, by itself
        "step => [...document.querySelectorAll('p')].some(p =>"
        " +(/, step ([\\d,]+) of/.exec(p.innerText)?.[1].replace(',', '')) > step)",
        arg=step,
    )
    trainer.kill()
    expect(page.get_by_text("The process ended unexpectedly")).to_be_visible()
    page.get_by_role("button", name="Resume").first.click()
    expect(going_on).to_be_visible(timeout=60_000)
    assert run.status().state == "training"


def test_a_host_that_trickles_and_lies_is_lived_with(
    chromium: Browser, cache: Path, caffemodel: Path
) -> None:
    """The app reaches the host through a proxy, which here is the misbehaving server itself."""
    # After half of it nothing comes any more, however long the page takes.
    with serving(content=BIG, bite=40_000, pause=0.05, hold_after=2_000_000) as host:
        server = Server(cache, http_proxy=host.url.removesuffix("/model"))
        try:
            context = chromium.new_context(base_url=f"http://localhost:{server.port}")
            page = context.new_page()
            page.goto("/?image=espresso&model=bvlc")
            driver.settle(page)
            page.get_by_text("What this model is").click()
            page.get_by_role("button", name="Download 54 MB").click()
            expect(page.get_by_text(re.compile(r"^[1-9]\.\d of 4\.2 MB"))).to_be_visible()
            page.get_by_role("button", name="Stop").click()
            stopped = page.get_by_text("Stopped. It will go on where it stopped.")
            expect(stopped).to_be_visible()
            host.hold_after, host.bite, host.pause = None, 0, 0.0
            page.get_by_role("button", name="Download 54 MB").click()
            expect(page.get_by_text("wrong checksum")).to_be_visible()
            expect(page.locator(".iv-lead")).to_contain_text("BVLC GoogLeNet says espresso")
            assert host.ranges[-1].startswith("bytes=")
            shutil.copy(caffemodel, cache)  # as the message says
            page.reload()
            driver.settle(page)
            page.get_by_text("What this model is").click()
            expect(page.get_by_role("button", name="Download 54 MB")).to_have_count(0)
            expect(page.locator(".iv-lead")).to_contain_text("BVLC GoogLeNet says espresso")
            expect(page.get_by_text("Traceback")).to_have_count(0)
            context.close()
        finally:
            server.kill()
