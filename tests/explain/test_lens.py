from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import inception_viz as iv
from inception_viz.explain import Lens, LensFit, Reading, lens_file, lens_of, settled
from inception_viz.sources import read_safetensors
from tests.conftest import sample
from tests.explain.whole_network import blobs, lens_for, muting, precise, rerun


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "cache"))


def shares(logits: np.ndarray) -> np.ndarray:
    values = np.exp(logits - logits.max())
    found: np.ndarray = values / values.sum()
    return found


def by_hand(clf: iv.Classifier, lens: Lens, module: str, maps: torch.Tensor) -> np.ndarray:
    """The read-out's matrices, one after the other, in double precision."""
    readout = lens.readouts[module]
    down, up, bias = (part.double().numpy() for part in (readout.down, readout.up, readout.bias))
    layer = clf.network.classifier
    weight, offset = (p.detach().double().numpy() for p in (layer.weight, layer.bias))
    guess = up @ (down @ maps.double().numpy().mean((1, 2))) + bias
    return shares(weight @ guess + offset)


def test_a_read_out_is_its_matrices_and_the_classifier(
    small: iv.Classifier, trace: iv.Trace
) -> None:
    lens = lens_for(small)
    found = iv.lens(small, trace, 4, using=lens)
    assert [r.module for r in found] == list(trace.modules)
    assert [r.depth for r in found] == list(range(1, 10))
    for reading in found[:-1]:
        p = by_hand(small, lens, reading.module, trace.modules[reading.module])
        assert reading.probability == pytest.approx(p[4], rel=1e-3, abs=1e-7)
        assert reading.first_choice == int(p.argmax())
        assert reading.rank == sorted(p, reverse=True).index(p[4]) + 1
        assert reading.fit == LensFit(3, 40, reading.depth / 10, 0.25)


def test_the_last_module_is_the_main_head_itself(small: iv.Classifier, trace: iv.Trace) -> None:
    last = iv.lens(small, trace, 4, using=lens_for(small))[-1]
    assert last.probability == float(trace.probabilities()[4])
    assert last.first_choice == int(trace.logits.argmax())
    assert last.fit is None


def test_what_is_muted_is_read_as_it_is(small: iv.Classifier, trace: iv.Trace) -> None:
    lens = lens_for(small)
    muted = iv.mute(small, trace, ["4b"])
    before = iv.lens(small, trace, 2, using=lens)
    after = iv.lens(small, muted, 2, using=lens)
    assert [r.probability for r in after[:3]] == [r.probability for r in before[:3]]
    maps = rerun(precise(small), trace.input, muting(small, "4b")).modules
    for reading in after[3:-1]:
        p = by_hand(small, lens, reading.module, maps[reading.module][0])
        assert reading.probability == pytest.approx(p[2], rel=1e-3, abs=1e-7)
    assert after[4].probability != before[4].probability


def test_it_is_kept_and_found_again(small: iv.Classifier, trace: iv.Trace) -> None:
    assert lens_of(small) is None
    with pytest.raises(iv.ExplainError, match=r"Nobody has fitted.*fit-lens"):
        iv.lens(small, trace)
    lens = lens_for(small)
    lens.save(lens_file(small))
    found = lens_of(small)
    assert found is not None and (found.photos, found.data) == (360, "blobs")
    assert iv.lens(small, trace, 4) == iv.lens(small, trace, 4, using=lens)
    # Heads and labels don't matter to it; weights do.
    relabelled = replace(
        small, weights=replace(small.weights, labels=tuple("abcdefg"), trained_heads=("main",))
    )
    assert lens_of(relabelled) is not None


def test_a_lens_of_another_network_is_refused(lrn: iv.Classifier, batch: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match="fitted to another network"):
        iv.lens(lrn, trace, using=lens_for(batch))
    lens_for(batch).save(lens_file(lrn))  # under a name that isn't its own
    assert lens_of(lrn) is None


def test_the_same_weights_with_other_rounding_can_be_named(
    small: iv.Classifier, trace: iv.Trace
) -> None:
    also = replace(lens_for(small), network="elsewhere", also=(small.trunk_key,))
    also.save(lens_file(small))
    assert lens_of(small) is not None and not replace(also, also=()).fits(small)
    assert [r.module for r in iv.lens(small, trace)] == list(trace.modules)


def test_changed_weights_are_another_network(lrn: iv.Classifier) -> None:
    before = lrn.trunk_key
    wrapped = iv.wrap(precise(lrn).float(), lrn.labels, lrn.preprocessing)
    assert wrapped.trunk_key == before
    wrapped.network.classifier.weight.data[0, 0] += 1
    wrapped.refresh()
    assert wrapped.trunk_key != before


@pytest.mark.parametrize("damage", ["cut", "text", "shape", "infinite", "lost", "said"])
def test_a_damaged_file_is_named(damage: str, lrn: iv.Classifier) -> None:
    path = lens_file(lrn)
    lens_for(lrn).save(path)
    tensors, metadata = read_safetensors(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "text":
        path.write_text("no lens")
    else:
        if damage == "shape":
            tensors["4a/up"] = tensors["4a/up"][:, :2].contiguous()
        elif damage == "infinite":
            tensors["4a/bias"][0] = float("inf")
        elif damage == "lost":
            del tensors["4a/down"]
        else:
            metadata = {"lens": "[]"}
        save_file(tensors, path, metadata)
    with pytest.raises(iv.FileError, match=r"lens-.*is no lens of a network, or it is damaged"):
        lens_of(lrn)


def test_what_does_not_exist_is_refused(lrn: iv.Classifier, batch: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match="no class 7"):
        iv.lens(lrn, trace, 7, using=lens_for(lrn))
    with pytest.raises(iv.ExplainError, match="made by another model"):
        iv.lens(batch, trace, using=lens_for(batch))
    lens = lens_for(lrn)
    without = replace(lens, readouts={m: r for m, r in lens.readouts.items() if m != "4c"})
    with pytest.raises(iv.ExplainError, match="no read-out for 4c"):
        iv.lens(lrn, trace, using=without)


@pytest.mark.parametrize(
    "choices, module",
    [([1, 1, 1, 1], "a"), ([2, 1, 1, 1], "b"), ([1, 2, 1, 1], "c"), ([1, 1, 2, 1], "d")],
)
def test_settled_is_where_the_answer_stays(choices: list[int], module: str) -> None:
    readings = [
        Reading(name, depth, 0.5, 1, choice, None)
        for depth, (name, choice) in enumerate(zip("abcd", choices, strict=True), 1)
    ]
    assert settled(readings).module == module


@pytest.mark.parametrize("source", ["bvlc", "imagenette"])
def test_the_bundled_lenses(source: str) -> None:
    clf = iv.load(source)
    trace = clf.trace(sample("goldfish"))
    readings = iv.lens(clf, trace)
    fits = [r.fit for r in readings[:-1] if r.fit is not None]
    assert len(fits) == 8 and readings[-1].fit is None
    first = [fit.first for fit in fits]
    assert all(later > earlier - 0.02 for earlier, later in pairwise(first))
    assert first[-1] > 0.75 and first[-1] > first[0] + 0.15
    assert all(fit.judged > 1000 for fit in fits)
    assert readings[-2].first_choice == readings[-1].first_choice
    assert fits[-1].apart < 0.15 and fits[0].apart > fits[-1].apart + 0.15
