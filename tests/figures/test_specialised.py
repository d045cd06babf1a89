from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from inception_viz.features import (
    FAMILIES,
    BranchTest,
    Specialisation,
    Tuning,
    between_branches,
)
from inception_viz.figures import (
    agreement_sentence,
    figure_csv,
    finding,
    hex_colour,
    index_strips,
    level_lines,
    specialisation_sentence,
    specialisation_table,
    stimuli_row,
)

WIDTHS = {"3a": {"1x1": 20, "5x5": 10}, "3b": {"1x1": 12, "5x5": 12}}


@pytest.fixture
def found() -> Specialisation:
    """5×5 of 3a hears hues alone; one channel of 3b is silent; all else is chance."""
    random = np.random.default_rng(0)
    of = {
        name: {
            module: random.gamma(1.0, size=(sum(widths.values()), len(family.levels)))
            for module, widths in WIDTHS.items()
        }
        for name, family in FAMILIES.items()
    }
    of["colour"]["3a"][20:] = [0, 1, 0]
    of["colour"]["3b"][0] = 0
    tuned = Tuning(of, WIDTHS, "a <net>")  # type: ignore[arg-type]
    return Specialisation(between_branches(tuned, permutations=999), tuned)


def test_every_test_is_a_cell_in_its_place(found: Specialisation) -> None:
    table = ET.fromstring(specialisation_table(found, 0.5))
    head, *rows = table.iter("tr")
    families = [cell.text for cell in head if cell.tag == "th"]
    seen: dict[tuple[str | None, str], ET.Element] = {}
    for row in rows:
        module, *cells = row
        seen |= {
            (module.text, str(name).lower()): cell
            for name, cell in zip(families, cells, strict=True)
        }
    assert len(seen) == len(found.tests) == 8
    for test in found.tests:
        cell = seen[test.module, test.family]
        mark = "".join(cell.itertext())
        assert mark.startswith(f"{test.eta_squared:.2f}") and cell.get("title") == finding(test)
        assert ("★" in mark) == test.significant
        assert f"background:{hex_colour(test.eta_squared / 0.5)}" in str(cell.get("style"))
    assert sum("★" in "".join(cell.itertext()) for cell in seen.values()) == 1


def test_sentences_say_how_many_and_how_much(found: Specialisation) -> None:
    said = specialisation_sentence(found)
    assert "a &lt;net&gt;" in said and "<b>1 of 8</b>" in said and "colour" in said and "3a" in said
    nothing = replace(found, tests=tuple(replace(t, p_holm=1.0) for t in found.tests))
    assert "none of 8" in specialisation_sentence(nothing)
    assert "<b>1</b> find a difference in both, <b>1</b>" in agreement_sentence(found, found)
    assert "No test finds a difference in both" in agreement_sentence(found, nothing)
    turned = tuple(replace(t, means={b: -m for b, m in t.means.items()}) for t in found.tests)
    other = replace(found, tests=turned)
    assert "<b>1</b> find a difference in both, <b>0</b>" in agreement_sentence(found, other)


def test_branches_are_written_as_on_screen(found: Specialisation) -> None:
    test: BranchTest = next(test for test in found.tests if test.significant)
    assert finding(test).endswith("highest in 5×5.")


def test_a_dot_is_a_channel_that_responds(found: Specialisation) -> None:
    first, second = index_strips(found.tuning, "3b", "colour").data
    assert len(first.y) == 11 and len(second.y) == 12
    assert 0 not in first.customdata and second.customdata[0] == 0
    assert second.hovertemplate.startswith("3b/5x5:%{customdata}")
    assert first.y[0] == pytest.approx(found.tuning.index("colour", "3b")[1])
    assert figure_csv(index_strips(found.tuning, "3b", "colour")).count("\n") == 1 + 23


def test_lines_are_shares_of_the_response(found: Specialisation) -> None:
    first, second, flat = level_lines(found.tuning, "3a", "colour").data
    assert list(second.y) == [0, 1, 0] and sum(first.y) == pytest.approx(1)
    assert list(flat.y) == [1 / 3] * 3


@pytest.mark.parametrize("family", FAMILIES)
def test_every_level_has_its_picture(family: str) -> None:
    row = stimuli_row(family)
    encoded = re.findall(r"data:image/jpeg;base64,([^\"]+)", row)
    assert len(encoded) == row.count("<figcaption") == len(FAMILIES[family].levels)
    arrays = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(e))).convert("RGB"), float)
        for e in encoded
    ]
    assert all(array.std() > 5 for array in arrays), "there is something on each"
    for one, other in pairwise(arrays):
        assert np.abs(one - other).mean() > 2, "and no two are the same"
