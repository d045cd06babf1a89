"""A share of nothing is called nothing; shares differ by percentage points."""

from __future__ import annotations

import numpy as np
import pytest

import inception_viz as iv
from inception_viz.explain import Cams, Comparison, Contributions, compare_cams, compare_firing
from inception_viz.figures import (
    check_sentence,
    energy_share,
    evidence,
    network_map,
    paint_cams,
    paint_difference,
    paint_firing,
    percent,
)
from inception_viz.report import insights_from, remarkable
from tests.conftest import noise_photo


def cams(**branches: list[float]) -> Cams:
    """Class activation maps of 5b alone, one row high."""
    maps = {name.strip("_"): np.array([row], np.float32) for name, row in branches.items()}
    return Cams({"5b": maps}, iv.Target(0), 1.0, "grad_cam", 8)  # type: ignore[dict-item]


DARK = cams(_1x1=[0, 0], pool=[-1, -2])
OUTWEIGHED = cams(_1x1=[0.1, 0.2], pool=[-1, -2])
ROUNDED = cams(_1x1=[0.1, 0.2], pool=[-0.1 + 1e-8, -0.2])
BRIGHT = cams(_1x1=[3, 0], pool=[1, 0])


@pytest.mark.parametrize("dark", [DARK, OUTWEIGHED, ROUNDED])
def test_a_dark_map_holds_no_evidence_to_share(dark: Cams) -> None:
    assert dark.shares("5b") == {}
    assert dark.to_frame()["share"].isna().all()
    assert evidence(dark, "5b", "1x1").startswith("no evidence")
    assert evidence(dark, "5b", "pool") == "no evidence"
    painting = paint_cams(dark, ("5b",))
    assert {cell.text for cell in painting.cells.values()} == {"–"}
    assert all("%" not in cell.words for cell in painting.cells.values())
    compared = compare_cams(dark, BRIGHT)
    assert not compared.difference
    assert set(compared.missing) == {("5b", "1x1"), ("5b", "pool")}


def test_what_there_is_is_shared() -> None:
    assert BRIGHT.shares("5b") == {"1x1": 0.75, "pool": 0.25}
    assert evidence(BRIGHT, "5b", "pool") == "25\N{NO-BREAK SPACE}% of the evidence"
    assert "others outweigh" in evidence(OUTWEIGHED, "5b", "1x1")


@pytest.fixture(scope="module")
def silent(tiny: iv.Classifier) -> iv.Trace:
    return iv.mute(
        tiny, tiny.trace(noise_photo(1)), [f"5b/{b}" for b in ("1x1", "3x3", "5x5", "pool")]
    )


def test_a_silent_module_has_no_energy_to_share(tiny: iv.Classifier, silent: iv.Trace) -> None:
    fired = iv.firing(silent)
    of_5b = [b for b in fired.branches if b.module == "5b"]
    assert [b.energy_share for b in of_5b] == [None] * 4
    assert fired.strongest().module != "5b"
    assert energy_share(of_5b[0]).startswith("no energy")
    painting = paint_firing(fired, "energy_share")
    assert painting.cells["5b", "pool"].text == "–"
    assert "no energy" in painting.cells["5b", "pool"].words
    assert "silent" in iv.report.build(tiny, silent).html
    other = iv.firing(tiny.trace(noise_photo(2)))
    assert ("5b", "1x1") in compare_firing(fired, other, "energy_share").missing


def test_where_all_is_silent_no_branch_is_called_active(tiny: iv.Classifier) -> None:
    trace = tiny.trace(noise_photo(1))
    trace = iv.mute(tiny, trace, list(trace.modules))
    fired = iv.firing(trace)
    target = iv.Target(0)
    first, *_, last = insights_from(
        fired,
        trace,
        trace,
        target,
        iv.beliefs(tiny, trace, target),
        iv.grad_cam(tiny, trace, target),
    )
    assert "is silent" in first.text and "%" not in first.terms
    assert remarkable(fired).energy_share is None
    assert "there is no evidence for" in last.text


def test_a_gap_to_nothing_is_no_share_of_it() -> None:
    scores = Contributions(
        **vars(iv.contributions(*_tiny(), 0, "ablation"))
        | {
            "none": np.array([1.0]),
            "value": 1.0,
            "modules": ("5b",),
            "values": np.array([[0.5, 0.5, 0.0, 0.0]]),
        }
    )
    assert "inf" not in check_sentence(scores) and "%" not in check_sentence(scores)
    assert percent(float("nan")) == "–"


def _tiny() -> tuple[iv.Classifier, iv.Trace]:
    from tests.conftest import tiny_config

    classifier = iv.load("random", config=tiny_config())
    return classifier, classifier.trace(noise_photo(1))


def test_shares_differ_by_percentage_points() -> None:
    compared = compare_cams(BRIGHT, cams(_1x1=[1, 0], pool=[1, 0]))
    assert compared.difference == {("5b", "1x1"): -25, ("5b", "pool"): 25}
    row = compared.to_frame().iloc[0]
    assert (row["unit"], row["difference_unit"]) == ("%", "percentage points")
    painting = paint_difference(compared)
    words = painting.cells["5b", "pool"].words
    assert (
        words == "5b, pool: 25\N{NO-BREAK SPACE}% and 50\N{NO-BREAK SPACE}%, +25 percentage points"
    )
    assert "0 (percentage points)" in network_map(painting, {}), "the scale has its unit"


def test_other_figures_differ_by_their_unit() -> None:
    painting = paint_difference(Comparison({("4c", "1x1"): 1.0}, {("4c", "1x1"): 3.5}, "σ"))
    assert painting.cells["4c", "1x1"].words == "4c, 1×1: 1 and 3.5, +2.5 σ"
    assert painting.marks[1] == "0 (σ)"
