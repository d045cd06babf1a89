from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import inception_viz as iv
from inception_viz.explain import Asked, find_class, resolve
from tests.explain.whole_network import blobs

LABELS = ("tabby, tabby cat", "tiger cat", "Egyptian cat", "crane", "crane, hoist", "cup", "7")


@pytest.fixture(scope="module")
def seen(lrn: iv.Classifier) -> iv.Trace:
    return lrn.trace(blobs(0))


def test_values() -> None:
    logits = torch.tensor([[1.0, 3.0, -2.0], [0.0, 0.0, 4.0]])
    assert iv.Target(1).of(logits).tolist() == [3.0, 0.0]
    assert iv.Target(0, against=2).of(logits).tolist() == [3.0, -4.0]
    found = iv.Target(1, kind="probability").of(logits)
    e = torch.tensor([1.0, 3.0, -2.0]).exp()
    assert found.tolist() == pytest.approx([float(e[1] / e.sum()), 1 / (2 + 54.59815)], rel=1e-5)


@pytest.mark.parametrize("head", ["main", "aux1", "aux2"])
def test_values_of_a_trace(lrn: iv.Classifier, seen: iv.Trace, head: str) -> None:
    logits = seen.heads[head].double()
    shares = (logits - logits.max()).exp()
    shares /= shares.sum()
    cases = [
        (iv.Target(4, head=head), logits[4]),
        (iv.Target(4, against=1, head=head), logits[4] - logits[1]),
        (iv.Target(4, head=head, kind="probability"), shares[4]),
    ]
    for target, expected in cases:
        found = iv.contributions(lrn, seen, target, "firing").value
        assert found == pytest.approx(float(expected), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("target", "words", "unit"),
    [
        (iv.Target(5), "logit of cup", "logits"),
        (iv.Target(5, kind="probability"), "probability of cup", "probability"),
        (iv.Target(5, against=1), "margin of cup over tiger cat", "logits"),
        (iv.Target(5, head="aux2"), "logit of cup (second auxiliary head)", "logits"),
    ],
)
def test_described_in_words(target: iv.Target, words: str, unit: str) -> None:
    assert target.describe(LABELS) == words
    assert target.unit == unit


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("cup", 5),
        ("  CUP ", 5),
        ("tabby", 0),
        ("Tabby   cat", 0),
        ("tabby, tabby cat", 0),
        ("egyptian cat", 2),
        ("hoist", 4),
        ("crane", 3),  # the first of two
        ("crane, hoist", 4),
        ("2", 2),
        ("0", 0),
        ("7", 6),  # a label before a number
    ],
)
def test_classes_by_name_synonym_and_number(name: str, index: int) -> None:
    assert find_class(LABELS, name) == index


@pytest.mark.parametrize(
    ("name", "hints"),
    [
        ("tabbi", ["tabby"]),
        ("egyptain cat", ["egyptian cat"]),
        ("hois", ["hoist"]),
        ("tige", ["tiger cat"]),
        ("cat", ["tabby cat", "tiger cat", "egyptian cat"]),
    ],
)
def test_close_matches_are_named(name: str, hints: list[str]) -> None:
    with pytest.raises(iv.ExplainError, match=f'called "{name}". Did you mean') as error:
        find_class(LABELS, name)
    assert any(hint in str(error.value) for hint in hints)


@pytest.mark.parametrize("name", ["", "   ", "8", "-1", "1.5", "xyzzyx"])
def test_without_a_close_match_nothing_is_proposed(name: str) -> None:
    with pytest.raises(iv.ExplainError) as error:
        find_class(LABELS, name)
    assert str(error.value) == f'No class of this network is called "{name}".'


def test_a_long_name_is_cut() -> None:
    with pytest.raises(iv.ExplainError) as error:
        find_class(LABELS, "z" * 10_000)
    assert len(str(error.value)) < 200


def test_what_may_be_asked(seen: iv.Trace) -> None:
    assert resolve(seen, None) == iv.Target(int(seen.logits.argmax()))
    assert resolve(seen, 3) == resolve(seen, "class 3") == resolve(seen, "3") == iv.Target(3)
    whole = iv.Target(1, against=2, head="aux1")
    assert resolve(seen, whole) is whole


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (7, "no class 7; this network's classes are 0 to 6"),
        (-1, "no class -1; this network's classes are 0 to 6"),
        (iv.Target(0, against=7), "no class 7"),
        (iv.Target(0, against=-1), "no class -1"),
        (iv.Target(3, against=3), "two different classes"),
        (iv.Target(3, against=1, kind="probability"), "compares two logits"),
        (iv.Target(3, head="aux9"), 'no trained head "aux9"; there are main, aux1, aux2'),
        ("cat", 'No class of this network is called "cat"'),
    ],
)
def test_what_does_not_exist_is_said_by_every_explainer(
    lrn: iv.Classifier, seen: iv.Trace, asked: Asked, words: str
) -> None:
    for call in (iv.contributions, iv.grad_cam, iv.sweep, iv.pixel_map, iv.beliefs):
        with pytest.raises(iv.ExplainError, match=words):
            call(lrn, seen, asked)


def test_an_untrained_head_is_refused(lrn: iv.Classifier) -> None:
    weights = replace(lrn.weights, trained_heads=("main", "aux2"))
    classifier = replace(lrn, weights=weights)
    trace = classifier.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match='no trained head "aux1"; there are main, aux2'):
        iv.grad_cam(classifier, trace, iv.Target(0, head="aux1"))
    assert len(iv.grad_cam(classifier, trace, iv.Target(0, head="aux2"))) == 6
