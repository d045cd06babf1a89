"""Figures on paper."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import inception_viz as iv
from inception_viz.figures import save_contributions, save_strip
from tests.explain.whole_network import blobs


@pytest.fixture(scope="module")
def seen(lrn: iv.Classifier) -> iv.Trace:
    return lrn.trace(blobs(0))


def opened(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        image.load()
        return np.asarray(image.convert("RGB"))


def svg_text(path: Path) -> str:
    root = ET.fromstring(path.read_text())
    assert root.tag.endswith("svg")
    return path.read_text()


@pytest.mark.parametrize("method", ["shapley", "firing"])
def test_bars_with_and_without_a_check(
    lrn: iv.Classifier, seen: iv.Trace, method: str, tmp_path: Path
) -> None:
    path = tmp_path / "bars.png"
    save_contributions(iv.contributions(lrn, seen, 1, method), path)
    pixels = opened(path)
    assert pixels.shape == (690, 1650, 3)  # 11 × 4.6 inches at 150 dots
    assert 10_000 < path.stat().st_size < 300_000
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20
    assert [found.name for found in tmp_path.iterdir()] == ["bars.png"]


def test_the_same_result_gives_the_same_picture_and_another_does_not(
    lrn: iv.Classifier, seen: iv.Trace, tmp_path: Path
) -> None:
    for name, index in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        save_contributions(iv.contributions(lrn, seen, index, "ablation"), tmp_path / name)
    first, again, other = (opened(tmp_path / name) for name in ("a.png", "b.png", "c.png"))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=2).sum() > 2000


def test_bars_as_svg(lrn: iv.Classifier, seen: iv.Trace, tmp_path: Path) -> None:
    found = iv.contributions(lrn, seen, iv.Target(1, head="aux1"))
    save_contributions(found, tmp_path / "bars.svg")
    text = svg_text(tmp_path / "bars.svg")
    assert 'width="792pt"' in text and 'height="331.2pt"' in text
    assert 10_000 < len(text) < 500_000


@pytest.fixture
def formulas(seen: iv.Trace) -> iv.Trace:
    """With labels that look like TeX, but aren't."""
    return replace(seen, labels=("$x_{$", "a_b^c $", *seen.labels[2:]))


def test_bars_of_a_label_that_looks_like_a_formula(
    lrn: iv.Classifier, formulas: iv.Trace, tmp_path: Path
) -> None:
    save_contributions(iv.contributions(lrn, formulas, 0, "firing"), tmp_path / "bars.png")
    assert opened(tmp_path / "bars.png").shape == (690, 1650, 3)


def test_strip_of_a_label_that_looks_like_a_formula(
    lrn: iv.Classifier, formulas: iv.Trace, tmp_path: Path
) -> None:
    target = iv.Target(0, against=1, head="aux1")
    save_strip(formulas, iv.grad_cam(lrn, formulas, target), tmp_path / "strip.png")
    assert opened(tmp_path / "strip.png").shape[1] == 4 * 330


@pytest.mark.parametrize("name", ["strip.png", "STRIP.JPG"])
def test_strip_of_all_modules(
    lrn: iv.Classifier, seen: iv.Trace, name: str, tmp_path: Path
) -> None:
    save_strip(seen, iv.grad_cam(lrn, seen, 1), tmp_path / name)
    pixels = opened(tmp_path / name)
    assert pixels.shape[1] == 5 * 330  # five pictures a row
    assert 600 < pixels.shape[0] < 900  # ten pictures: two rows
    assert 20_000 < (tmp_path / name).stat().st_size < 3_000_000
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_strip_of_an_early_head_is_one_row(
    lrn: iv.Classifier, seen: iv.Trace, tmp_path: Path
) -> None:
    save_strip(seen, iv.grad_cam(lrn, seen, iv.Target(1, head="aux1")), tmp_path / "strip.png")
    pixels = opened(tmp_path / "strip.png")
    assert pixels.shape[1] == 4 * 330 and pixels.shape[0] < 500  # the photo and three modules


def test_flat_maps_are_drawn(lrn: iv.Classifier, seen: iv.Trace, tmp_path: Path) -> None:
    muted = iv.mute(lrn, seen, list(seen.modules))
    save_strip(muted, iv.grad_cam(lrn, muted, 1), tmp_path / "strip.png")
    assert opened(tmp_path / "strip.png").std() > 1


@pytest.mark.parametrize("place", ["file/bars.png", "taken.png"])
def test_a_figure_that_cannot_be_written_is_reported(
    lrn: iv.Classifier, seen: iv.Trace, place: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a directory")
    (tmp_path / "taken.png").mkdir()
    with pytest.raises(iv.FileError, match="can't be written"):
        save_contributions(iv.contributions(lrn, seen, 1, "firing"), tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken.png"]
