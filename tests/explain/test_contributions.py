"""What every method's result has in common."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import inception_viz as iv
from inception_viz import firing
from inception_viz.explain import (
    MEMORY,
    METHODS,
    Contributions,
    Cost,
    ask,
    measure_reference,
)
from tests.explain.whole_network import blobs, branches

BRANCHES = ["1x1", "3x3", "5x5", "pool"]


@pytest.fixture(scope="module")
def seen(lrn: iv.Classifier) -> iv.Trace:
    return lrn.trace(blobs(0))


def made(values: list[list[float]], value: float, none: list[float]) -> Contributions:
    return Contributions(
        method="ablation",
        target=iv.Target(1),
        label="logit of cup",
        baseline="zero",
        unit="logits",
        promise="none",
        modules=tuple("ab"[: len(values)]),
        values=np.array(values),
        value=value,
        none=np.array(none),
        cost=Cost(1, 0, 0.5),
        model="m",
        picture="p",
    )


def test_sums_and_gaps_by_hand() -> None:
    nan = float("nan")
    found = made([[1.0, -2.0, nan, 4.0], [nan] * 4], 5.0, [1.0, nan])
    np.testing.assert_array_equal(found.sums, [3.0, nan])
    np.testing.assert_array_equal(found.gap, [-1.0, nan])  # 3 − (5 − 1)
    np.testing.assert_array_equal(found.relative_gap, [0.25, nan])
    assert found.get("a", "pool") == 4.0 and np.isnan(found.get("a", "5x5"))
    assert found.strongest(2) == [("a", "pool", 4.0), ("a", "3x3", -2.0)]


@pytest.mark.parametrize("method", METHODS)
def test_nothing_can_be_changed(lrn: iv.Classifier, seen: iv.Trace, method: str) -> None:
    found = iv.contributions(lrn, seen, 1, method)
    with pytest.raises(FrozenInstanceError):
        found.value = 0.0  # type: ignore[misc]
    for array in (found.values, found.none):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


@pytest.mark.parametrize("method", METHODS)
def test_says_what_it_is_about(lrn: iv.Classifier, seen: iv.Trace, method: str) -> None:
    muted = iv.mute(lrn, seen, ["4c/5x5"])
    target = iv.Target(1, against=2, head="aux2")
    found = iv.contributions(lrn, muted, target, method)
    assert (found.method, found.target, found.baseline) == (method, target, "zero")
    assert found.label == "margin of class 1 over class 2 (second auxiliary head)"
    logits = muted.heads["aux2"]
    assert found.value == pytest.approx(float(logits[1] - logits[2]), abs=1e-5)
    assert (found.model, found.picture) == (seen.model, seen.picture.sha256)
    assert found.muted == {"4c/5x5"}
    assert found.unit == ("mean activation" if method == "firing" else "logits")


def test_firing_is_the_mean_activation(lrn: iv.Classifier, seen: iv.Trace) -> None:
    found = iv.contributions(lrn, seen, None, "firing")
    for branch in firing(seen).branches:
        assert found.get(branch.module, branch.branch) == pytest.approx(branch.mean)
    assert np.isnan(found.gap).all() and np.isnan(found.none).all()


@pytest.mark.parametrize("method", METHODS)
def test_behind_a_head_there_is_nothing(lrn: iv.Classifier, seen: iv.Trace, method: str) -> None:
    found = iv.contributions(lrn, seen, iv.Target(2, head="aux1"), method)
    assert len(found.modules) == 9
    assert np.isfinite(found.values[:3]).all() and np.isnan(found.values[3:]).all()
    assert np.isnan(found.sums[3:]).all() and np.isnan(found.gap[3:]).all()
    table = found.to_frame()
    assert set(table.module) == {"3a", "3b", "4a"} and len(table) == 12


@pytest.mark.parametrize("method", METHODS)
def test_any_number_of_modules_and_branches(odd: iv.Classifier, method: str) -> None:
    trace = odd.trace(blobs(0))
    found = iv.contributions(odd, trace, 1, method)
    assert found.modules == ("3a", "4a", "4b", "4c", "5a") and found.values.shape == (5, 4)
    for row, module in enumerate(found.modules):
        there = [b in branches(odd, module) for b in BRANCHES]
        assert np.isfinite(found.values[row]).tolist() == there
    assert len(found.to_frame()) == 4 + 4 + 3 + 2 + 4


def test_strongest_goes_by_size(lrn: iv.Classifier, seen: iv.Trace) -> None:
    found = iv.contributions(lrn, seen, 1, "ablation")
    table = found.to_frame()
    largest = table.reindex(table.score.abs().sort_values(ascending=False).index).head(5)
    assert found.strongest(5) == list(
        largest[["module", "branch", "score"]].itertuples(index=False, name=None)
    )
    assert len({score > 0 for _, _, score in found.strongest(36)}) == 2


def test_table_has_a_row_a_branch_with_its_modules_check(
    lrn: iv.Classifier, seen: iv.Trace
) -> None:
    found = iv.contributions(lrn, seen, 1, "ablation")
    table = found.to_frame()
    assert len(table) == 36
    row = table[(table.module == "4c") & (table.branch == "5x5")].iloc[0]
    place = found.modules.index("4c")
    assert row["score"] == found.values[place, 2]
    assert row["module_sum"] == pytest.approx(table[table.module == "4c"].score.sum())
    assert row["gap"] == pytest.approx(row["module_sum"] - (row["z_all"] - row["z_none"]))
    assert (row["z_all"], row["z_none"]) == (found.value, found.none[place])
    assert (row["unit"], row["method"], row["target"]) == ("logits", "ablation", "logit of class 1")


# Files -------------------------------------------------------------------------------------------


def strictly(text: str) -> object:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("name", ["scores.csv", "SCORES.CSV"])
def test_saved_as_a_table(lrn: iv.Classifier, seen: iv.Trace, tmp_path: Path, name: str) -> None:
    found = iv.contributions(lrn, seen, iv.Target(1, head="aux1"), "gradient_x_activation")
    found.save(tmp_path / name)
    table = pd.read_csv(tmp_path / name)
    pd.testing.assert_frame_equal(table, found.to_frame(), rtol=1e-12)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_saved_as_json(lrn: iv.Classifier, seen: iv.Trace, tmp_path: Path) -> None:
    found = iv.contributions(lrn, seen, iv.Target(1, head="aux1"))
    found.save(str(tmp_path / "scores.json"))
    values = strictly((tmp_path / "scores.json").read_text())
    assert isinstance(values, dict)
    assert values["values"][0] == found.values[0].tolist()
    assert values["values"][8] == [None] * 4 and values["z_none"][8] is None
    assert values["target"] == {"index": 1, "against": None, "head": "aux1", "kind": "logit"}
    assert values["branches"] == BRANCHES and values["modules"] == list(found.modules)
    assert values["z_all"] == found.value and values["picture_sha256"] == seen.picture.sha256


def test_an_endless_relative_gap_is_json_too(tmp_path: Path) -> None:
    found = made([[1.0, 0.0, 0.0, 0.0]], 2.0, [2.0])  # a module that is worth nothing
    assert found.relative_gap.tolist() == [float("inf")]
    found.save(tmp_path / "scores.json")
    values = strictly((tmp_path / "scores.json").read_text())
    assert isinstance(values, dict) and values["relative_gap"] == [None]


def test_files_that_cannot_be_written_are_reported(tmp_path: Path) -> None:
    found = made([[1.0, 0.0, 0.0, 0.0]], 2.0, [1.0])
    with pytest.raises(iv.ExplainError, match=r'"scores.txt" must end in .csv or .json'):
        found.save(tmp_path / "scores.txt")
    (tmp_path / "file").write_text("not a directory")
    (tmp_path / "taken.csv").mkdir()
    for path in (tmp_path / "file" / "scores.csv", tmp_path / "taken.csv"):
        with pytest.raises(iv.FileError, match="can't be written") as error:
            found.save(path)
        assert "CACHE" not in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken.csv"]


# Errors, progress and memory ---------------------------------------------------------------------


def test_unknown_methods_and_baselines_are_refused(lrn: iv.Classifier, seen: iv.Trace) -> None:
    with pytest.raises(iv.ExplainError, match='no method "lime"; there are shapley, ablation'):
        iv.contributions(lrn, seen, 1, "lime")
    with pytest.raises(iv.ExplainError, match='no baseline "blur"; use zero or reference'):
        iv.contributions(lrn, seen, 1, baseline="blur")  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_a_trace_of_another_model_is_refused(
    batch: iv.Classifier, seen: iv.Trace, method: str
) -> None:
    with pytest.raises(iv.ExplainError, match="made by another model"):
        iv.contributions(batch, seen, 1, method)


@pytest.mark.parametrize("method", METHODS)
def test_progress_rises_to_one(lrn: iv.Classifier, seen: iv.Trace, method: str) -> None:
    shares: list[float] = []
    iv.contributions(lrn, seen, 1, method, progress=shares.append)
    assert shares[-1] == 1.0 and shares == sorted(shares) and min(shares) >= 0
    if method in ("shapley", "ablation", "integrated_gradients"):
        assert shares[0] == 0.0 and len(set(shares)) >= 10  # at least once a module


@pytest.mark.parametrize("method", METHODS)
def test_what_progress_raises_reaches_the_caller(
    lrn: iv.Classifier, seen: iv.Trace, method: str
) -> None:
    class StopError(Exception):
        pass

    def stop(share: float) -> None:
        if share > 0.3:
            raise StopError

    with pytest.raises(StopError):
        iv.contributions(lrn, seen, 1, method, progress=stop)


@pytest.mark.parametrize("method", ["shapley", "ablation", "integrated_gradients"])
def test_little_memory_gives_the_same_scores_one_at_a_time(
    odd: iv.Classifier, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = odd.trace(blobs(0))
    sizes: list[int] = []

    def watch(_module: object, inputs: tuple[torch.Tensor, ...]) -> None:
        sizes.append(len(inputs[0]))

    handle = odd.inference_network.classifier.register_forward_pre_hook(watch)
    try:
        expected = iv.contributions(odd, trace, 1, method)
        assert max(sizes) > 1
        sizes.clear()
        monkeypatch.setattr("inception_viz.explain.rerun.MEMORY", 1)
        found = iv.contributions(odd, trace, 1, method)
    finally:
        handle.remove()
    assert set(sizes) == {1}
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-3, atol=1e-5)


def test_a_batch_fits_the_memory(lrn: iv.Classifier, seen: iv.Trace) -> None:
    question = ask(lrn, seen, 1)
    largest = max(output.numel() for output in seen.modules.values())
    for module in seen.modules:
        size = question.batch_size(module)
        assert size >= 1
        assert size * 4 * 4 * seen.modules[module].numel() <= MEMORY
    size = question.batch_size("3a")
    assert size * 16 * largest <= MEMORY < (size + 1) * 16 * largest


def test_two_pictures_do_not_share_what_is_remembered(lrn: iv.Classifier) -> None:
    fresh = replace(lrn)  # nothing remembered yet
    first = [iv.contributions(fresh, fresh.trace(blobs(s)), 1) for s in (1, 2, 1)]
    np.testing.assert_array_equal(first[0].values, first[2].values)
    np.testing.assert_array_equal(first[0].none, first[1].none)  # depends on no picture
    muted = iv.contributions(fresh, iv.mute(fresh, fresh.trace(blobs(1)), ["4c/1x1"]), 1)
    assert muted.none[0] != first[0].none[0]
    again = iv.contributions(fresh, fresh.trace(blobs(1)), 1)
    np.testing.assert_array_equal(again.none, first[0].none)


def test_another_reference_is_another_baseline(lrn: iv.Classifier) -> None:
    """The network stays the same, so what is remembered of it must not come from the old one."""
    photos = [lrn.trace(blobs(seed)) for seed in range(4)]
    first, second = (
        replace(lrn, weights=replace(lrn.weights, reference=measure_reference(some, "blobs")))
        for some in (photos[:2], photos[2:])
    )
    second.__dict__["inference_network"] = first.inference_network
    shared = first.trace(blobs(0))
    iv.contributions(first, shared, 1, "ablation", baseline="reference")
    found = iv.contributions(second, shared, 1, "ablation", baseline="reference").none
    fresh = replace(second)  # with a network of its own, about which nothing is remembered
    expected = iv.contributions(fresh, shared, 1, "ablation", baseline="reference").none
    np.testing.assert_allclose(found, expected, rtol=1e-5)
