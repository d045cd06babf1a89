"""The main flows in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Dialog, Page, expect

import inception_viz as iv
from app.views import REGISTRY
from inception_viz.sources import save_weights
from tests.browser import driver
from tests.conftest import noise_photo, tiny_config


def test_no_request_leaves_for_another_host(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    driver.visit(page, "/")
    driver.visit(page, "/branches?module=4c&channel=4c/5x5:3")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_load_state("networkidle")
    foreign = [u for u in asked if not u.startswith(("data:", "blob:", "about:"))]
    assert {urlsplit(url).netloc for url in foreign} == {urlsplit(address).netloc}


def test_foreign_text_makes_no_request(page: Page, address: str, tmp_path: Path) -> None:
    """Markdown in a link or a weights file stays text."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    image = "![x](http://elsewhere.example/a.png)"
    driver.visit(page, f"/?image={quote(image)}&channel={quote(image)}:1")
    weights = iv.load("random", config=tiny_config()).weights
    weights = replace(weights, labels=(image,) * 7, notes=(image,))
    save_weights(weights, tmp_path / "x.safetensors")
    driver.visit(page, "/?model=file")
    page.locator("input[type=file]").set_input_files(tmp_path / "x.safetensors")
    expect(page.locator(".iv-lead")).to_contain_text(image)
    page.get_by_text("What this model is").click()
    driver.settle(page)
    assert not [url for url in asked if "elsewhere" in urlsplit(url).netloc]


HOSTILE = (
    "<img src=http://elsewhere.example/x onerror=alert(1)>",
    "</title></style></script><script>alert(1)</script>",
    '" onmouseover="alert(1)" x="',
    "</text></svg><script>alert(1)</script>",
    "www.elsewhere.example :material/home: $x^",
    "[x](javascript:alert(1)) https://elsewhere.example a@elsewhere.example",
    "=HYPERLINK(1)",
)


def test_foreign_text_is_text_on_every_page(page: Page, chromium: Browser, tmp_path: Path) -> None:
    """Labels, notes and names of a hostile file: no script runs, nothing becomes a link."""
    alerts: list[str] = []
    asked: list[str] = []

    def refuse(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    page.on("request", lambda request: asked.append(request.url))
    weights = iv.load("random", config=tiny_config()).weights
    weights = replace(weights, labels=HOSTILE, notes=HOSTILE)
    path = tmp_path / "<img src=x onerror=alert(1)> www.elsewhere.example.safetensors"
    save_weights(weights, path)
    driver.visit(page, "/?model=file")
    page.locator("input[type=file]").set_input_files(path)
    expect(page.locator(".iv-lead")).to_contain_text("www.elsewhere.example.safetensors")
    for name in [view.title for view in (*REGISTRY[1:], REGISTRY[0])]:
        entry = driver.menu(page, name)
        with driver.rerun(page):
            entry.click()
        assert not page.locator("a[href*=elsewhere], a[href*=javascript], [onerror]").count(), name
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report").click()
    waiting.value.save_as(tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("onerror=alert(1)")
    assert not page.locator("[onerror], [onmouseover]").count()
    assert not [url for url in asked if "elsewhere" in urlsplit(url).netloc]
    assert not alerts


def test_from_the_map_to_a_channel_and_back(page: Page) -> None:
    driver.visit(page, "/")
    expect(page.get_by_text("See how GoogLeNet thinks")).to_be_visible()
    page.locator('.iv-wide [data-go="4c/5x5"]').click()
    expect(page).to_have_url(re.compile(r"/branches\?.*module=4c.*branch="))
    expect(page.get_by_text("64 channels of 14×14")).to_be_visible()
    page.locator(".grid button").nth(2).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("receptive field", exact=False).first).to_be_visible()
    expect(page).to_have_url(re.compile("channel="))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("channel="))
    page.go_back()
    page.go_back()
    driver.settle(page)
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_keyboard_opens_a_branch(page: Page) -> None:
    driver.visit(page, "/")
    page.locator('.iv-wide [data-go="3b/pool"]').focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("64 channels of 28×28")).to_be_visible()


def test_back_button_returns_to_the_photo_before(page: Page) -> None:
    driver.visit(page, "/?image=cat")
    page.get_by_role("button", name="golden-yellow goldfish").click()
    expect(page).to_have_url(re.compile("image=goldfish"))
    driver.settle(page)
    page.go_back()
    expect(page).to_have_url(re.compile("image=cat"))
    pressed = page.locator(".strip button[aria-pressed=true] img")
    expect(pressed).to_have_attribute("alt", re.compile("tabby"))


def test_a_link_shows_the_same_view_to_somebody_else(page: Page, chromium: Browser) -> None:
    driver.visit(page, "/branches?module=5a&image=espresso")
    page.get_by_role("button", name="Reduce layers").or_(
        page.get_by_role("radio", name="Reduce layers")
    ).first.click()
    expect(page.get_by_text("5a 3×3 reduce")).to_be_visible()
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    other = context.new_page()
    other.goto(page.url)
    driver.settle(other)
    expect(other.get_by_text("5a 3×3 reduce")).to_be_visible()
    expect(other.get_by_text("Espresso. Rachel Michetti")).to_be_visible()
    context.close()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.jpg", b"these are words, no picture", "notes.jpg"),
        ("paper.png", b"%PDF-1.7", "PDF"),
        ("cut.png", b"\x89PNG\r\n\x1a\n" + bytes(500), "cut.png"),
    ],
)
def test_bad_uploads_are_explained_and_lose_nothing(
    page: Page, name: str, content: bytes, words: str
) -> None:
    driver.visit(page, "/")
    page.get_by_text("Upload", exact=True).click()
    driver.settle(page)
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": content}
    )
    expect(page.get_by_test_id("stAlert").filter(has_text=words)).to_be_visible()
    expect(page.locator('.iv-wide [data-go="4c/5x5"]')).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_own_photo_is_classified(page: Page) -> None:
    driver.visit(page, "/")
    page.get_by_text("Upload", exact=True).click()
    driver.settle(page)
    photo = Path(__file__).parents[2] / "assets" / "samples" / "espresso.jpg"
    page.locator("input[type=file]").set_input_files(photo)
    expect(page.get_by_text("stays in this session")).to_be_visible()
    driver.settle(page)
    expect(page.locator(".iv-lead b")).to_have_text("espresso")


@pytest.mark.parametrize("path", ["/", "/branches"])
def test_phone_has_no_sideways_scroll(chromium: Browser, address: str, path: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address + path)
    driver.settle(page)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    if path == "/":
        expect(page.locator('.iv-tall [data-go="4c/5x5"]')).to_be_visible()
        expect(page.locator('.iv-wide [data-go="4c/5x5"]')).to_be_hidden()
    context.close()


def test_fast_clicks_end_at_the_last(page: Page) -> None:
    driver.visit(page, "/branches")
    for module in ("3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        page.get_by_role("button", name=module, exact=True).or_(
            page.get_by_role("radio", name=module, exact=True)
        ).first.click()
    expect(page.get_by_text("5b 3×3", exact=True)).to_be_visible()
    driver.settle(page)
    expect(page.get_by_text("384 channels of 7×7").first).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_train_on_a_folder_reload_stop_and_classify_with_it(page: Page, tmp_path: Path) -> None:
    for label, colour in (("blue", (30, 60, 200)), ("red", (200, 50, 40))):
        (tmp_path / label).mkdir()
        for index in range(12):
            tint = Image.new("RGB", (48, 48), tuple(c + 2 * index for c in colour))
            tint.save(tmp_path / label / f"{index}.png")
    driver.visit(page, "/train")
    page.get_by_text("A folder on this computer").click()
    page.get_by_label("Folder", exact=True).fill(str(tmp_path))
    page.keyboard.press("Tab")
    driver.settle(page)
    page.get_by_label("Epochs").fill("900")
    page.keyboard.press("Tab")
    driver.settle(page)
    page.get_by_role("slider", name="Picture size (px)").press("Home")
    driver.settle(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(r"^Training: "))).to_be_visible(timeout=60_000)
    # The curves move, and a reload doesn't stop them.
    first = _step(page)
    page.reload()
    expect(page.get_by_text(re.compile(r"^Training: "))).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.wait_for_function(
        "first => Number((document.body.innerText.match(/step ([\\d,]+) of/) || [0, '0'])[1]"
        ".replace(',', '')) > first",
        arg=first,
    )
    page.get_by_role("button", name="Look inside").wait_for(timeout=60_000)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile(r"^Stopped: ")).first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Use this model").first.click()
    expect(page.get_by_role("heading", name="See how GoogLeNet thinks")).to_be_visible()
    driver.settle(page)
    answers = page.locator("[data-testid=stMain]").inner_text()
    assert "blue" in answers
    assert "red" in answers
    back = page.get_by_role("heading", name="Train your own GoogLeNet")
    for _ in range(2):  # the model in the URL may be an entry of its own
        if not back.is_visible():
            page.go_back()
            driver.settle(page)
    expect(back).to_be_visible(timeout=30_000)


def _step(page: Page) -> int:
    text = page.get_by_text(re.compile(r"step [\d,]+ of")).inner_text()
    found = re.search(r"step ([\d,]+) of", text)
    assert found
    return int(found[1].replace(",", ""))


def test_an_own_photo_comes_along_when_a_branch_is_clicked(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "mine.jpg"
    noise_photo(8).save(path)
    page.goto("/?image=cat")
    driver.settle(page)
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_text("Upload", exact=True).click()
    page.locator("input[type=file]").first.set_input_files(path)
    expect(sidebar.get_by_text("Your photo stays in this session")).to_be_visible()
    driver.settle(page)
    for branch in ("4c/5x5", "3a/pool"):
        page.locator(f'.iv-wide [data-go="{branch}"]').click()
        expect(page.get_by_role("heading", name="Branch activations")).to_be_visible()
        driver.settle(page)
        expect(sidebar.get_by_text("Your photo stays in this session")).to_be_visible()
        expect(sidebar.get_by_text("CC0")).to_have_count(0)
        driver.menu(page, "Explore").click()
        expect(page.locator(".iv-wide")).to_be_visible()
        driver.settle(page)
        expect(page.get_by_alt_text("Your photo mine.jpg")).to_be_visible()
