"""The bundled ImageNet model: what a fresh copy of the repository starts on."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import inception_viz as iv
from inception_viz.architecture import BRANCHES, GoogLeNetConfig
from inception_viz.sources import (
    NO_HEADS_NOTE,
    bvlc,
    imagenet_labels,
    load_file,
    read_safetensors,
    save_heads,
    save_weights,
    trunk_hash,
)
from tests.conftest import sample

HEAD = "aux.aux1.fc.weight"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def bundled() -> iv.Classifier:
    return iv.Classifier(load_file(bvlc.FILE), "bvlc", "BVLC GoogLeNet")


def test_it_is_the_papers_network_with_both_heads_fitted_afterwards(
    bundled: iv.Classifier,
) -> None:
    assert bundled.config == GoogLeNetConfig.paper()
    assert bundled.labels == imagenet_labels()
    assert bundled.weights.trained_heads == ("main", "aux1", "aux2")
    assert list(bundled.weights.fits) == ["aux1", "aux2"]
    assert any("fitted afterwards" in note for note in bundled.weights.notes)


def test_it_is_what_is_loaded_unless_another_one_is_named(bundled: iv.Classifier) -> None:
    assert iv.load().key == bundled.key


def test_it_is_small_and_stored_in_half_precision() -> None:
    assert bvlc.FILE.stat().st_size <= 28_000_000
    state, _ = read_safetensors(bvlc.FILE)
    assert all(v.dtype == torch.float16 for v in state.values() if v.ndim > 1)


@pytest.mark.parametrize(
    ("photo", "label", "least"),
    [
        ("cat", "Egyptian cat", 0.45),
        ("espresso", "espresso", 0.85),
        ("goldfish", "goldfish", 0.9),
        ("redpanda", "lesser panda", 0.95),
        ("viaduct", "viaduct", 0.95),
    ],
)
def test_it_names_what_is_on_the_samples(
    bundled: iv.Classifier, photo: str, label: str, least: float
) -> None:
    assert bundled.trace(sample(photo)).predictions(1)[0][0] == label
    assert bundled.trace(sample(photo)).predictions(1)[0][1] >= least


def test_it_answers_as_the_original_does(bundled: iv.Classifier, caffemodel: Path) -> None:
    original = iv.load(caffemodel)
    for path in sorted(sample("cat").parent.glob("*.jpg")):
        expected, found = (c.trace(path).logits for c in (original, bundled))
        torch.testing.assert_close(found, expected, rtol=0, atol=0.05)
        assert found.argmax() == expected.argmax()


def test_its_heads_end_in_the_main_classifier(bundled: iv.Classifier) -> None:
    state = bundled.network.state_dict()
    for head in ("aux1", "aux2"):
        for value in ("weight", "bias"):
            assert torch.equal(
                state[f"aux.{head}.classifier.{value}"], state[f"classifier.{value}"]
            )


def test_it_knows_how_strongly_each_branch_and_channel_usually_fires(
    bundled: iv.Classifier,
) -> None:
    reference = bundled.weights.reference
    assert reference is not None and reference.photos > 7000
    assert {b for row in reference.mean.values() for b in row} == set(BRANCHES)
    for (module, branch), channels in bundled.trace(sample("cat")).widths.items():
        means = reference.channels[module][branch]
        assert len(means) == channels
        mean = sum(means) / channels
        assert mean == pytest.approx(reference.mean[module][branch], rel=1e-3)


def test_the_card_says_what_the_file_says(bundled: iv.Classifier) -> None:
    card = bvlc.CARD.read_text("utf-8")
    assert "Sergio Guadarrama" in card and "unrestricted use" in card
    for head, fit in bundled.weights.fits.items():
        row = rf"all held out \| {fit.judged:,} \| {head} \| {fit.first:.1%} \| {fit.in_five:.1%}"
        assert re.search(row, card), head
        assert f"{fit.photos:,} photos" in card


def with_trained_heads(bundled: iv.Classifier, path: Path) -> None:
    """A file as the official one is converted to: the same trunk, with heads of its own."""
    official = iv.load("random", config=GoogLeNetConfig.paper()).weights
    state = official.network.state_dict()
    state |= {k: v for k, v in bundled.network.state_dict().items() if not k.startswith("aux")}
    official.network.load_state_dict(state)
    save_weights(replace(bundled.weights, network=official.network, fits={}, notes=()), path)


def test_the_official_files_heads_take_the_fitted_ones_place(
    bundled: iv.Classifier, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_trained_heads(bundled, cache / bvlc.CONVERTED)
    monkeypatch.setattr(bvlc, "TRUNK", trunk_hash(bundled.network))
    found = iv.load("bvlc")
    assert not found.weights.fits
    assert found.weights.notes == (bvlc.TRAINED_NOTE,)
    assert found.weights.reference == bundled.weights.reference
    assert found.key != bundled.key
    mine, theirs = (c.network.state_dict()[HEAD] for c in (found, bundled))
    assert not torch.equal(mine, theirs)


def test_an_official_trunk_without_heads_gets_the_bundled_ones(
    bundled: iv.Classifier, cache: Path, caffemodel: Path
) -> None:
    shutil.copy(caffemodel, cache / bvlc.MODEL)
    found, original = iv.load("bvlc"), iv.load(caffemodel)
    assert found.weights.fits == bundled.weights.fits
    assert NO_HEADS_NOTE not in found.weights.notes
    photo = sample("cat")
    assert torch.equal(found.trace(photo).logits, original.trace(photo).logits)
    assert torch.equal(found.network.state_dict()[HEAD], bundled.network.state_dict()[HEAD])


def test_heads_that_the_user_fitted_come_before_the_bundled_ones(
    bundled: iv.Classifier, cache: Path
) -> None:
    own = iv.load("random", config=GoogLeNetConfig.paper(), seed=3).weights.network
    trunk = {k: v for k, v in bundled.network.state_dict().items() if not k.startswith("aux")}
    own.load_state_dict(own.state_dict() | trunk)
    save_heads(replace(bundled.weights, network=own))
    found = iv.load("bvlc")
    assert torch.equal(found.network.state_dict()[HEAD], own.state_dict()[HEAD])
    assert len(set(found.weights.notes)) == len(found.weights.notes)
