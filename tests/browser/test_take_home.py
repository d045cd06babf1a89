"""A figure is saved as it is on the page: PNG, SVG, CSV."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Page

import inception_viz as iv
from inception_viz import firing
from inception_viz.figures import sigma
from inception_viz.sources import bvlc
from tests.browser.driver import settle
from tests.conftest import sample


def save(page: Page, kind: str, title: str, folder: Path) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Save as {kind}: {title}").first.click()
    path = folder / f"figure.{kind.lower()}"
    waiting.value.save_as(path)
    assert waiting.value.suggested_filename.endswith(f".{kind.lower()}")
    return path.read_bytes()


def test_the_map_goes_home_as_picture_drawing_and_numbers(page: Page, tmp_path: Path) -> None:
    page.goto("/?image=goldfish")
    settle(page)
    title = "Which branches fire more or less than usual"
    picture = Image.open(io.BytesIO(save(page, "PNG", title, tmp_path)))
    assert picture.width > 1500
    assert len(picture.convert("RGB").resize((200, 100)).getcolors(20000) or []) > 50
    drawing = ElementTree.fromstring(save(page, "SVG", title, tmp_path))
    words = "".join(drawing.itertext())
    assert title in words
    clf = iv.load(bvlc.FILE)
    fired = firing(clf.trace(sample("goldfish")), clf.weights.reference)
    for branch in fired.branches:
        assert branch.deviation is not None and sigma(branch.deviation) in words
    table = pd.read_csv(io.BytesIO(save(page, "CSV", title, tmp_path)))
    assert table["deviation"].tolist() == pytest.approx([b.deviation for b in fired.branches])


@pytest.mark.parametrize(
    "path",
    [
        "branches?module=4c",
        "grad-cam",
        "contributions",
        "heads",
        "specialisation",
        "flow?flow=4c/5x5>4d/3x3",
        "compare?view=exchange",
    ],
)
def test_other_figures_are_pictures_and_valid_drawings(
    page: Page, tmp_path: Path, path: str
) -> None:
    page.goto(f"/{path}")
    settle(page)
    buttons = page.get_by_role("button", name="Save as SVG")
    buttons.first.wait_for()
    for place in range(min(buttons.count(), 3)):
        with page.expect_download() as waiting:
            buttons.nth(place).click()
        target = tmp_path / f"{place}.svg"
        waiting.value.save_as(target)
        root = ElementTree.parse(target).getroot()
        assert root.tag.endswith("svg")
        sources = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
        assert all(v.startswith(("data:", "#")) for v in sources), "nothing to fetch"
