from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np
import pytest
import torch

import inception_viz as iv
from inception_viz.sources import HeadFit
from tests.explain.whole_network import blobs, lively, muting, precise, rerun, small_config


def softmax(logits: torch.Tensor) -> np.ndarray:
    values = np.exp(logits.double().numpy() - float(logits.max()))
    shares: np.ndarray = values / values.sum()
    return shares


def biased(**favourites: int) -> iv.Classifier:
    """Each head named strongly prefers a class."""
    classifier = lively(small_config())
    for head, index in favourites.items():
        network = classifier.network
        last = network.classifier if head == "main" else network.aux[head].classifier
        assert isinstance(last, torch.nn.Linear)
        last.bias.data[index] += 30.0
    return classifier


def test_figures_follow_their_definitions(small: iv.Classifier, trace: iv.Trace) -> None:
    found = iv.beliefs(small, trace, 4)
    assert [(b.head, b.after, b.depth) for b in found] == [
        ("aux1", "4a", 3),
        ("aux2", "4d", 6),
        ("main", "5b", 9),
    ]
    main = softmax(trace.logits)
    for belief in found:
        p = softmax(trace.heads[belief.head])
        assert belief.probability == pytest.approx(p[4], rel=1e-4)
        assert belief.rank == sorted(p, reverse=True).index(p[4]) + 1
        assert belief.first_choice == int(p.argmax())
        assert belief.entropy == pytest.approx(-sum(x * log2(x) for x in p), rel=1e-4)
        assert belief.highest_entropy == pytest.approx(log2(7))
        assert belief.agrees == (p.argmax() == main.argmax())
        assert belief.overlap == pytest.approx(sum(map(min, p, main)), rel=1e-4)
        assert belief.fit is None
    assert found[-1].agrees and found[-1].overlap == pytest.approx(1.0)


def test_agreement_and_certainty() -> None:
    classifier = biased(main=3, aux1=3, aux2=5)
    aux1, aux2, main = iv.beliefs(classifier, classifier.trace(blobs(0)), 3)
    assert aux1.agrees and not aux2.agrees and main.agrees
    assert (aux1.first_choice, aux2.first_choice, main.first_choice) == (3, 5, 3)
    assert aux1.overlap == pytest.approx(1, abs=1e-3) and aux2.overlap < 1e-3
    assert all(belief.entropy < 0.01 for belief in (aux1, aux2, main))
    assert (aux1.rank, main.rank) == (1, 1) and aux2.rank > 1


def test_knowing_nothing_is_the_highest_entropy() -> None:
    classifier = lively(small_config())
    torch.nn.init.zeros_(classifier.network.classifier.weight)
    torch.nn.init.zeros_(classifier.network.classifier.bias)
    main = iv.beliefs(classifier, classifier.trace(blobs(0)), 3)[-1]
    assert main.entropy == pytest.approx(
        main.highest_entropy
    ) and main.probability == pytest.approx(1 / 7)
    assert main.rank == 1  # nobody is in front


def test_untrained_heads_are_not_asked_and_fitted_ones_are_marked(lrn: iv.Classifier) -> None:
    weights = replace(lrn.weights, trained_heads=("main", "aux2"), fits={"aux2": HeadFit()})
    classifier = replace(lrn, weights=weights)
    found = iv.beliefs(classifier, classifier.trace(blobs(0)))
    assert [(b.head, b.fit) for b in found] == [("aux2", HeadFit()), ("main", None)]


def test_muting_changes_beliefs_behind_it(small: iv.Classifier, trace: iv.Trace) -> None:
    before = iv.beliefs(small, trace, 2)
    after = iv.beliefs(small, iv.mute(small, trace, ["4b"]), 2)
    assert after[0].probability == before[0].probability  # aux1 reads 4a
    heads = rerun(precise(small), trace.input, muting(small, "4b")).heads
    for belief in after[1:]:
        assert belief.probability == pytest.approx(softmax(heads[belief.head])[2], rel=1e-3)
    assert after[1].probability != before[1].probability


def test_what_does_not_exist_is_refused(lrn: iv.Classifier, batch: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match="no class 7"):
        iv.beliefs(lrn, trace, 7)
    with pytest.raises(iv.ExplainError, match="made by another model"):
        iv.beliefs(batch, trace)
