"""The bundled model of our own: ten classes, heads trained with the network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import inception_viz as iv
from inception_viz import firing
from inception_viz.architecture import BRANCHES, GoogLeNetConfig
from inception_viz.sources import imagenette, read_metadata, read_safetensors
from inception_viz.training import evaluate, read_photos
from tests.conftest import IMAGENETTE, sample


@pytest.fixture(scope="module")
def bundled() -> iv.Classifier:
    return iv.load("imagenette")


def test_it_is_the_papers_network_with_batch_norm(bundled: iv.Classifier) -> None:
    assert bundled.config == GoogLeNetConfig.paper(norm="batch", classes=10)
    assert bundled.weights.trained_heads == ("main", "aux1", "aux2")
    assert not bundled.weights.fits, "trained with the network"
    assert len(bundled.labels) == 10


def test_it_is_small_and_stored_in_half_precision() -> None:
    assert imagenette.FILE.stat().st_size <= 25_000_000
    state, _ = read_safetensors(imagenette.FILE)
    assert all(v.dtype == torch.float16 for v in state.values() if v.ndim > 1)


def test_it_knows_how_strongly_each_branch_usually_fires(bundled: iv.Classifier) -> None:
    reference = bundled.weights.reference
    assert reference is not None
    assert reference.photos == 3925
    assert {b for row in reference.mean.values() for b in row} == set(BRANCHES)
    assert sum(map(len, reference.mean.values())) == 36
    measured = firing(bundled.trace(sample("cat")), reference)
    deviations = [b.deviation for b in measured.branches]
    assert all(d is not None and abs(d) < 20 for d in deviations)


def test_it_gives_a_proper_answer_for_every_sample(bundled: iv.Classifier) -> None:
    for path in sorted(sample("cat").parent.glob("*.jpg")):
        trace = bundled.trace(path)
        for head in ("main", "aux1", "aux2"):
            assert float(trace.probabilities(head).sum()) == pytest.approx(1, abs=1e-4)


def test_the_card_says_what_was_measured(bundled: iv.Classifier) -> None:
    card = imagenette.CARD.read_text("utf-8")
    metrics = json.loads(read_metadata(imagenette.FILE)["metrics"])
    for head in ("main", "aux1", "aux2"):
        assert f"{metrics[head]:.2%}"[:4] in card
    for label in bundled.labels:
        assert label in card


@pytest.mark.skipif(not IMAGENETTE.is_dir(), reason=f"Imagenette is not at {IMAGENETTE}")
def test_it_is_as_good_as_its_card_says(bundled: iv.Classifier) -> None:
    """On 200 validation photos, within what so few can tell (3 standard errors)."""
    folders = sorted((IMAGENETTE / "val").iterdir())
    samples = [(p, i) for i, f in enumerate(folders) for p in sorted(f.iterdir())[:20]]
    photos, _ = read_photos(samples, 4096)
    scores = evaluate(bundled.inference_network, photos, 224, bundled.preprocessing)
    metrics = json.loads(read_metadata(imagenette.FILE)["metrics"])
    for head, score in scores.heads.items():
        claimed = metrics[head]
        assert abs(score.accuracy - claimed) < 3 * (claimed * (1 - claimed) / 200) ** 0.5, head


def test_a_missing_file_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(imagenette, "FILE", tmp_path / "imagenette.safetensors")
    with pytest.raises(iv.WeightsError, match="complete copy"):
        imagenette.load()
