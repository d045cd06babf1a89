from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import inception_viz as iv
from inception_viz import firing
from inception_viz.explain import (
    Comparison,
    compare_cams,
    compare_contributions,
    compare_firing,
    same_class,
)
from tests.conftest import noise_photo, tiny_config


@pytest.fixture(scope="module")
def sides(tiny: iv.Classifier) -> tuple[iv.Trace, iv.Trace]:
    return tiny.trace(noise_photo(1)), tiny.trace(noise_photo(2))


def test_firing_differs_by_the_means_of_the_maps(sides: tuple[iv.Trace, iv.Trace]) -> None:
    first, second = sides
    found = compare_firing(firing(first), firing(second), "mean")
    for (module, branch), value in found.difference.items():
        a, b = (float(t.branches[module][branch].mean()) for t in sides)  # type: ignore[index]
        assert value == pytest.approx(b - a, abs=1e-5)
    assert found.unit == "activation"
    assert len(found.difference) == 36
    module, branch, value = found.largest() or ("", "", 0.0)
    assert abs(value) == max(map(abs, found.difference.values()))
    swapped = compare_firing(firing(second), firing(first), "mean")
    assert swapped.difference[module, branch] == pytest.approx(-value)


def test_without_a_reference_there_is_no_deviation_to_compare(
    sides: tuple[iv.Trace, iv.Trace],
) -> None:
    found = compare_firing(firing(sides[0]), firing(sides[1]), "deviation")
    assert not found.difference
    assert found.largest() is None


def test_contributions_and_cams_of_two_photos(
    tiny: iv.Classifier, sides: tuple[iv.Trace, iv.Trace]
) -> None:
    scores = [iv.contributions(tiny, t, 0, "ablation") for t in sides]
    found = compare_contributions(scores[0], scores[1])
    for (module, branch), value in found.difference.items():
        expected = scores[1].get(module, branch) - scores[0].get(module, branch)
        assert value == pytest.approx(expected)
    assert found.unit == scores[0].unit
    shares = compare_cams(*(iv.grad_cam(tiny, t, 0) for t in sides))
    for side in (shares.first, shares.second):
        for module in {m for m, _ in side}:
            total = sum(v for (m, _), v in side.items() if m == module)
            assert total == pytest.approx(100)


def test_a_branch_that_one_network_lacks_is_blank(tiny: iv.Classifier) -> None:
    config = tiny.config
    rows = tuple(replace(row, f_5x5=0, f_5x5_r=0) for row in config.stage3)
    other = iv.load("random", config=tiny_config(stage3=rows))
    photo = noise_photo(1)
    found = compare_firing(firing(tiny.trace(photo)), firing(other.trace(photo)), "mean")
    assert set(found.missing) == {("3a", "5x5"), ("3b", "5x5")}
    rows_of = {(row["module"], row["branch"]): row for row in found.to_frame().to_dict("records")}
    assert np.isnan(rows_of["3a", "5x5"]["second"])
    assert np.isnan(rows_of["3a", "5x5"]["difference"])
    row = rows_of["4a", "5x5"]
    assert row["difference"] == pytest.approx(row["second"] - row["first"])


def test_modules_in_common_keep_their_order() -> None:
    found = Comparison({("3a", "1x1"): 1.0, ("4b", "1x1"): 2.0}, {("4b", "1x1"): 5.0}, "x")
    assert found.modules == ("4b",)
    assert found.largest() == ("4b", "1x1", 3.0)


@pytest.mark.parametrize(
    ("label", "others", "expected"),
    [
        ("French horn", ["tench", "French horn, horn"], 1),
        ("horn", ["tench", "French horn, horn"], 1),
        ("golf ball", ["tench", "church"], None),
        ("Tench", ["gas pump", "tench, Tinca tinca"], 1),
        ("crane", ["crane, bird", "crane"], 1),
    ],
)
def test_the_same_class_under_another_name(
    label: str, others: list[str], expected: int | None
) -> None:
    assert same_class([label], 0, others) == expected
