"""Several photos in one upload: choose one, see the table, take it and the reports home."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, expect

from tests.browser import driver
from tests.browser.axe import violations
from tests.conftest import ROOT

SAMPLES = ROOT / "assets" / "samples"


def names(page: Page) -> list[str | None]:
    small = page.get_by_role("group", name="Your photos").locator("img")
    return [image.get_attribute("alt") for image in small.all()]


def test_three_photos_and_a_text_file_in_one_upload(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    driver.settle(page)
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_text("Upload", exact=True).click()
    photos = [SAMPLES / f"{name}.jpg" for name in ("espresso", "goldfish", "raccoon")]
    (tmp_path / "notes.txt").write_text("these are words")
    page.locator("input[type=file]").set_input_files([*photos, tmp_path / "notes.txt"])
    expect(sidebar.get_by_text("notes.txt is a text file")).to_be_visible()
    save = page.get_by_role("button", name="Table as CSV")
    expect(save).to_be_visible()
    driver.settle(page)
    assert names(page) == [f"Your photo {path.name}" for path in photos]
    answer = page.locator(".iv-lead b")
    expect(answer).to_have_text("espresso")

    sidebar.get_by_role("button", name="Your photo goldfish.jpg").click()
    expect(answer).to_have_text("goldfish")
    expect(sidebar.get_by_text("2 of 3")).to_be_visible()
    driver.settle(page)

    table = page.get_by_test_id("stDataFrame")
    expect(table.locator("canvas").first).to_be_visible()
    box = table.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20)  # the last row
    expect(sidebar.get_by_text("3 of 3")).to_be_visible()
    driver.settle(page)
    pressed = page.locator(".strip button[aria-pressed=true] img")
    expect(pressed).to_have_attribute("alt", "Your photo raccoon.jpg")

    assert not [
        found
        for found in violations(page)
        if found.ours and found.impact in ("serious", "critical")
    ]
    with page.expect_download() as waiting:
        save.click()
    assert waiting.value.suggested_filename == "3-photos-bvlc-googlenet.csv"
    frame = pd.read_csv(waiting.value.path(), encoding="utf-8-sig")
    assert list(frame["photo"]) == [path.name for path in photos]
    assert list(frame["answer_1"][:2]) == ["espresso", "goldfish"]

    with page.expect_download() as waiting:
        page.get_by_role("button", name="Report", exact=True).click()
    assert waiting.value.suggested_filename == "raccoon-bvlc-googlenet.html"

    page.get_by_role("button", name="A report for each").click()
    with page.expect_download(timeout=150_000) as waiting:
        page.get_by_role("button", name="Save 3 reports").click(timeout=120_000)
    assert waiting.value.suggested_filename == "3-photos-bvlc-googlenet.zip"
    with zipfile.ZipFile(io.BytesIO(waiting.value.path().read_bytes())) as archive:
        assert archive.namelist() == [f"{path.stem}-bvlc-googlenet.html" for path in photos]

    driver.settle(page)
    page.get_by_text("All 3 photos").click()
    expect(table).to_have_count(0)
    for link in ("Branch activations", "Explore"):
        entry = driver.menu(page, link)
        with driver.rerun(page):
            entry.click()
        expect(sidebar.get_by_text("3 of 3")).to_be_visible()
    expect(page.get_by_text("All 3 photos")).to_be_visible()
    expect(table).to_have_count(0)
