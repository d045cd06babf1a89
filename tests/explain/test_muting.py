from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

import inception_viz as iv
from tests.explain.whole_network import blobs, branches, channels, muting, precise, rerun


def same_as_whole_network(
    classifier: iv.Classifier, trace: iv.Trace, muted: iv.Trace, places: Sequence[str]
) -> None:
    """All of a muted trace beside one run of the whole network under hooks."""
    expected = rerun(precise(classifier), trace.input, muting(classifier, *places))
    assert muted.muted == frozenset(places)
    assert list(muted.heads) == list(trace.heads)
    for head, logits in muted.heads.items():
        torch.testing.assert_close(logits.double(), expected.heads[head], rtol=1e-4, atol=1e-5)
    assert list(muted.modules) == list(muted.branches) == list(trace.modules)
    for module, output in muted.modules.items():
        torch.testing.assert_close(
            output.double(), expected.modules[module][0], rtol=1e-4, atol=1e-5
        )
        for branch, maps in muted.branches[module].items():
            assert torch.equal(maps, output[channels(classifier, module, branch)])


@pytest.mark.parametrize(
    "places",
    [
        ["4c/5x5"],
        ["4c"],
        ["4c/5x5:1", "4c/5x5:3", "4c/pool:0"],
        ["5b/1x1"],
        ["3a/pool", "4a/3x3", "5a"],
        ["4a/1x1", "4d", "5b/pool:2"],
    ],
    ids=" ".join,
)
def test_equals_the_whole_network_under_hooks(
    small: iv.Classifier, trace: iv.Trace, places: list[str]
) -> None:
    muted = iv.mute(small, trace, places)
    same_as_whole_network(small, trace, muted, places)
    assert not torch.allclose(muted.logits, trace.logits)


def test_modules_without_some_branches(odd: iv.Classifier) -> None:
    trace = odd.trace(blobs(1))
    places = ["4a/pool:3", "4b/pool", "4c/5x5"]
    same_as_whole_network(odd, trace, iv.mute(odd, trace, places), places)


def test_reduces_are_those_of_the_muted_network(small: iv.Classifier, trace: iv.Trace) -> None:
    muted = iv.mute(small, trace, ["4b/1x1"])
    network = precise(small)
    before = muted.modules["4b"].double()[None]
    for branch in ("3x3", "5x5"):
        block = network.trunk["4c"].get_submodule(f"branches.{branch}.reduce")
        torch.testing.assert_close(
            muted.reduces["4c"][branch].double(), block(before)[0], rtol=1e-4, atol=1e-5
        )
        assert muted.reduces["4b"][branch] is trace.reduces["4b"][branch]


def test_twice_is_both_at_once(small: iv.Classifier, trace: iv.Trace) -> None:
    places = ["4d/3x3", "3b/1x1"]
    twice = iv.mute(small, iv.mute(small, trace, places[:1]), places[1:])
    same_as_whole_network(small, trace, twice, places)


def test_what_is_muted_already_changes_nothing(small: iv.Classifier, trace: iv.Trace) -> None:
    muted = iv.mute(small, trace, ["4d/3x3"])
    assert iv.mute(small, muted, ["4d/3x3"]) is muted
    assert iv.mute(small, trace, []) is trace


def test_nothing_in_front_is_changed(small: iv.Classifier, trace: iv.Trace) -> None:
    muted = iv.mute(small, trace, ["4c/1x1"])
    for module in ("3a", "3b", "4a", "4b"):
        assert muted.modules[module] is trace.modules[module]
        assert muted.branches[module] is trace.branches[module]
    assert muted.stem is trace.stem and muted.input is trace.input
    assert muted.heads["aux1"] is trace.heads["aux1"]  # it reads 4a
    assert not torch.equal(muted.heads["aux2"], trace.heads["aux2"])


def test_the_original_trace_stays_as_it_was(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(9))
    modules = {name: output.clone() for name, output in trace.modules.items()}
    heads = {name: logits.clone() for name, logits in trace.heads.items()}
    iv.mute(lrn, trace, ["3a", "4c/5x5:0", "5b/pool"])
    assert trace.muted == frozenset()
    assert all(torch.equal(trace.modules[name], output) for name, output in modules.items())
    assert all(torch.equal(trace.heads[name], logits) for name, logits in heads.items())


def test_untrained_heads_stay_away(lrn: iv.Classifier) -> None:
    from dataclasses import replace

    weights = replace(lrn.weights, trained_heads=("main", "aux2"))
    classifier = replace(lrn, weights=weights)
    muted = iv.mute(classifier, classifier.trace(blobs(0)), ["3a/1x1"])
    assert list(muted.heads) == ["main", "aux2"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("4z", 'no "4z" to mute'),
        ("4c/7x7", 'no "4c/7x7" to mute'),
        ("conv1", 'no "conv1" to mute'),
        ("pool3", 'no "pool3" to mute'),
        ("4c:3", 'no "4c:3" to mute'),
        ("", 'no "" to mute'),
        ("/5x5", 'no "/5x5" to mute'),
        ("4c/5x5/reduce", 'no "4c/5x5/reduce" to mute'),
        ("4c/5x5:4", 'no channel "4c/5x5:4"; that branch has 0 to 3'),
        ("4c/5x5:-1", "that branch has 0 to 3"),
        ("4c/5x5:x", "that branch has 0 to 3"),
        ("4c/5x5:²", "that branch has 0 to 3"),
        ("4c/5x5:99999999999999999999", "that branch has 0 to 3"),
    ],
)
def test_unknown_places_are_refused(lrn: iv.Classifier, place: str, words: str) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match=words):
        iv.mute(lrn, trace, ["4a/1x1", place])


def test_a_trace_of_another_model_is_refused(lrn: iv.Classifier, batch: iv.Classifier) -> None:
    with pytest.raises(iv.ExplainError, match="another model"):
        iv.mute(batch, lrn.trace(blobs(0)), ["4c"])


@pytest.mark.parametrize(
    "target",
    [iv.Target(2), iv.Target(2, against=5), iv.Target(1, head="aux2", kind="probability")],
    ids=["logit", "margin", "aux2"],
)
def test_sweep_equals_muting_one_by_one(
    small: iv.Classifier, trace: iv.Trace, target: iv.Target
) -> None:
    found = iv.sweep(small, trace, target)
    value = float(target.of(trace.heads[target.head][None]))
    assert found.value == pytest.approx(value)
    assert found.first_choice == int(trace.heads[target.head].argmax())
    seen = [(row.module, row.branch) for row in found.rows]
    modules = list(trace.modules)[: 6 if target.head == "aux2" else 9]
    assert seen == [(m, b) for m in modules for b in branches(small, m)]
    for row in found.rows:
        muted = iv.mute(small, trace, [f"{row.module}/{row.branch}"])
        logits = muted.heads[target.head]
        assert row.value == pytest.approx(float(target.of(logits[None])), rel=1e-4, abs=1e-5)
        assert row.change == pytest.approx(row.value - value, abs=1e-5)
        assert row.first_choice == int(logits.argmax())
        assert row.probability == pytest.approx(float(logits.softmax(0).max()), rel=1e-4)
    assert any(row.change for row in found.rows)


def test_sweep_of_a_muted_trace(small: iv.Classifier, trace: iv.Trace) -> None:
    found = iv.sweep(small, iv.mute(small, trace, ["4b/1x1"]), 2)
    rows = {(row.module, row.branch): row for row in found.rows}
    assert rows["4b", "1x1"].change == pytest.approx(0, abs=1e-5)
    z = rerun(precise(small), trace.input, muting(small, "4b/1x1", "3b/5x5")).heads["main"]
    assert rows["3b", "5x5"].value == pytest.approx(float(z[2]), rel=1e-4, abs=1e-5)


def test_sweep_as_a_table_and_its_progress(lrn: iv.Classifier) -> None:
    shares: list[float] = []
    found = iv.sweep(lrn, lrn.trace(blobs(0)), 2, shares.append)
    assert shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares)
    table = found.to_frame()
    assert len(table) == 36
    row = table[(table.module == "4c") & (table.branch == "5x5")].iloc[0]
    expected = next(r for r in found.rows if (r.module, r.branch) == ("4c", "5x5"))
    assert row["change"] == expected.change and row["first_choice"] == expected.first_choice
    assert np.isfinite(table["value"]).all()
