"""Exchanged branches beside forwards in which the tensor is replaced by a hook."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

import inception_viz as iv
from inception_viz.explain import CarryingSet
from tests.conftest import sample
from tests.explain.whole_network import Change, blobs, channels, precise, rerun, slopes


@pytest.fixture(scope="session")
def second(small: iv.Classifier) -> iv.Trace:
    """Another picture than ``trace``."""
    return small.trace(blobs(5))


def put(part: slice, maps: Tensor) -> Change:
    def change(output: Tensor) -> Tensor:
        output = output.clone()
        output[:, part] = maps.to(output.dtype)
        return output

    return change


def all_branches(trace: iv.Trace) -> list[str]:
    return [f"{module}/{branch}" for module, of in trace.branches.items() for branch in of]


def test_all_give_exactly_the_other_answer(
    small: iv.Classifier, trace: iv.Trace, second: iv.Trace
) -> None:
    for places in (all_branches(trace), list(trace.modules)):
        found = iv.interchange(small, trace, second, places)
        for head, logits in found.heads.items():
            assert torch.equal(logits, second.heads[head])
            assert not torch.equal(logits, trace.heads[head])
        for module, output in found.modules.items():
            assert torch.equal(output, second.modules[module])


def test_none_gives_the_trace_itself(
    small: iv.Classifier, trace: iv.Trace, second: iv.Trace
) -> None:
    assert iv.interchange(small, trace, second, []) is trace


def test_all_of_a_photo_through_the_bundled_network(
    imagenette: iv.Classifier, photo: iv.Trace
) -> None:
    second = imagenette.trace(sample("cat"))
    found = iv.interchange(imagenette, photo, second, all_branches(photo))
    assert list(found.heads) == ["main", "aux1", "aux2"]
    assert all(torch.equal(found.heads[head], second.heads[head]) for head in found.heads)


@pytest.mark.parametrize(
    "places",
    [["4c/5x5"], ["3a/pool"], ["5b/1x1"], ["4a"], ["4c/3x3:1"], ["3b/1x1", "4d/pool", "4d/1x1"]],
    ids=" ".join,
)
def test_equals_a_forward_with_the_tensor_replaced_by_hand(
    small: iv.Classifier, trace: iv.Trace, second: iv.Trace, places: list[str]
) -> None:
    changes: dict[str, Change] = {}
    for place in places:
        path, _, channel = place.partition(":")
        module, _, branch = path.partition("/")
        part = channels(small, module, branch) if branch else slice(None)
        if channel:
            part = slice(part.start + int(channel), part.start + int(channel) + 1)
        earlier, now = changes.get(module), put(part, second.modules[module][part])
        changes[module] = (lambda out, a=earlier, b=now: b(a(out))) if earlier else now  # type: ignore[misc]
    expected = rerun(precise(small), trace.input, changes)
    found = iv.interchange(small, trace, second, places)
    assert set(found.exchanged) == set(places)
    assert list(found.heads) == list(trace.heads)
    for head, logits in found.heads.items():
        torch.testing.assert_close(logits.double(), expected.heads[head], rtol=1e-4, atol=1e-5)
    for module, output in found.modules.items():
        known = expected.modules[module][0]
        torch.testing.assert_close(output.double(), known, rtol=1e-4, atol=1e-5)
        for branch, maps in found.branches[module].items():
            assert torch.equal(maps, output[channels(small, module, branch)])
    assert not torch.equal(found.logits, trace.logits)


def test_what_lies_in_front_stays(small: iv.Classifier, trace: iv.Trace, second: iv.Trace) -> None:
    found = iv.interchange(small, trace, second, ["4c/1x1", "5a/pool"])
    for module in ("3a", "3b", "4a", "4b"):
        assert found.modules[module] is trace.modules[module]
    assert found.heads["aux1"] is trace.heads["aux1"]
    assert found.picture is trace.picture and found.stem is trace.stem
    assert found.reduces["4c"] is trace.reduces["4c"]
    network = precise(small)
    block = network.trunk["4d"].get_submodule("branches.3x3.reduce")
    torch.testing.assert_close(
        found.reduces["4d"]["3x3"].double(),
        block(found.modules["4c"].double()[None])[0],
        rtol=1e-4,
        atol=1e-5,
    )


def test_explanations_know_what_is_exchanged(
    small: iv.Classifier, trace: iv.Trace, second: iv.Trace
) -> None:
    """Gradients in front of the exchange, and what a branch is worth there."""
    target, part = iv.Target(2, against=5), channels(small, "4c", "3x3")
    changes = {"4c": put(part, second.modules["4c"][part])}
    mixed = iv.interchange(small, trace, second, ["4c/3x3"])
    found = iv.gradients(small, mixed, target)
    network = precise(small)
    known = slopes(network, trace.input, lambda h: target.of(h["main"][None])[0], changes)
    for module, slope in found.at.items():
        torch.testing.assert_close(slope.double(), known[module][1], rtol=1e-3, atol=1e-4)
    without = iv.mute(small, mixed, ["4a/1x1"])
    muted = channels(small, "4a", "1x1")
    changes["4a"] = put(muted, torch.zeros(()))
    expected = rerun(network, trace.input, changes).heads["main"]
    torch.testing.assert_close(without.logits.double(), expected, rtol=1e-4, atol=1e-5)
    scores = iv.contributions(small, mixed, target, "ablation")
    assert scores.get("4a", "1x1") == pytest.approx(
        float(target.of(mixed.logits[None]) - target.of(without.logits[None])), abs=1e-4
    )
    with pytest.raises(iv.ExplainError, match="without the exchange"):
        iv.sanity_check(small, mixed)


def test_both_traces_stay_as_they_were(lrn: iv.Classifier) -> None:
    a, b = lrn.trace(blobs(0)), lrn.trace(blobs(5))
    before = [tensor.clone() for t in (a, b) for tensor in (*t.modules.values(), *t.heads.values())]
    iv.interchange(lrn, a, b, ["3a", "4c/5x5:0", "5b/pool"])
    iv.carrying_set(lrn, a, b)
    after = [tensor for t in (a, b) for tensor in (*t.modules.values(), *t.heads.values())]
    assert all(torch.equal(x, y) for x, y in zip(before, after, strict=True))
    assert not a.exchanged and not b.exchanged


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("4z/5x5", 'There is no "4z/5x5" to exchange in this network'),
        ("conv1", 'no "conv1" to exchange'),
        ("", 'no "" to exchange'),
        ("4c/5x5:99", 'no channel "4c/5x5:99"; that branch has 0 to 3'),
    ],
)
def test_unknown_places_are_refused(lrn: iv.Classifier, place: str, words: str) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match=words):
        iv.interchange(lrn, trace, trace, ["4a/1x1", place])


def test_traces_that_cannot_be_exchanged(lrn: iv.Classifier, batch: iv.Classifier) -> None:
    a, b, other = lrn.trace(blobs(0)), lrn.trace(blobs(5)), batch.trace(blobs(5))
    for pair in ((a, other), (other, a)):
        with pytest.raises(iv.ExplainError, match="another model"):
            iv.interchange(lrn, *pair, ["4c"])
    muted, mixed = iv.mute(lrn, a, ["4c/5x5"]), iv.interchange(lrn, a, b, ["4c/5x5"])
    with pytest.raises(iv.ExplainError, match=r"Trace A has something muted \(4c/5x5\)"):
        iv.interchange(lrn, muted, b, ["3a"])
    with pytest.raises(iv.ExplainError, match=r"Trace B has something muted \(4c/5x5\)"):
        iv.interchange(lrn, b, muted, ["3a"])
    with pytest.raises(iv.ExplainError, match=r"Trace A has something exchanged \(4c/5x5\)"):
        iv.interchange(lrn, mixed, b, ["3a"])
    with pytest.raises(iv.ExplainError, match="Trace B has something exchanged"):
        iv.carrying_set(lrn, a, mixed)


# Sets that carry an answer over ------------------------------------------------------------------


@pytest.fixture(scope="module")
def cat(imagenette: iv.Classifier) -> iv.Trace:
    return imagenette.trace(sample("cat"))


def first(trace: iv.Trace, head: str = "main") -> int:
    return int(trace.heads[head].argmax())


def assert_minimal(classifier: iv.Classifier, found: CarryingSet, a: iv.Trace, b: iv.Trace) -> None:
    """The set carries B's answer, and none of its parts is dispensable."""
    assert found.minimal
    mixed = iv.interchange(classifier, a, b, found.places)
    assert first(mixed, found.head) == found.first_b == first(b, found.head)
    assert found.first_a == first(a, found.head)
    torch.testing.assert_close(mixed.heads[found.head], found.trace.heads[found.head])
    without = {step.place: step.without for step in found.steps if step.kept}
    assert set(without) == set(found.places)
    for place in found.places:
        rest = iv.interchange(classifier, a, b, [p for p in found.places if p != place])
        assert first(rest, found.head) == without[place] != found.first_b


@pytest.mark.parametrize("modules", [None, ("4c", "4d")], ids=["all", "4c and 4d"])
def test_a_set_that_carries(
    imagenette: iv.Classifier, photo: iv.Trace, cat: iv.Trace, modules: tuple[str, ...] | None
) -> None:
    found = iv.carrying_set(imagenette, photo, cat, modules=modules)
    assert_minimal(imagenette, found, photo, cat)
    if modules:
        assert {place.partition("/")[0] for place in found.places} <= set(modules)
    frame = found.to_frame()
    assert frame.place.tolist() == [step.place for step in found.steps]
    alone = iv.interchange(imagenette, photo, cat, [found.steps[0].place]).logits
    others = torch.cat([alone[: found.first_b], alone[found.first_b + 1 :]])
    assert found.steps[0].margin == pytest.approx(
        float(alone[found.first_b] - others.max()), abs=1e-4
    )
    assert found.margin_a < 0


def test_the_first_branch_is_the_best_of_all(
    imagenette: iv.Classifier, photo: iv.Trace, cat: iv.Trace
) -> None:
    found = iv.carrying_set(imagenette, photo, cat, modules=["4d", "5b"])
    margins = {}
    for place in (f"{m}/{b}" for m in ("4d", "5b") for b in photo.branches[m]):
        logits = iv.interchange(imagenette, photo, cat, [place]).logits
        others = torch.cat([logits[: found.first_b], logits[found.first_b + 1 :]])
        margins[place] = float(logits[found.first_b] - others.max())
    assert found.steps[0].place == max(margins, key=margins.__getitem__)


def test_another_head(imagenette: iv.Classifier, photo: iv.Trace) -> None:
    second = next(
        t
        for name in ("cat", "rocket", "espresso", "flower")
        for t in [imagenette.trace(sample(name))]
        if first(t, "aux1") != first(photo, "aux1")
    )
    found = iv.carrying_set(imagenette, photo, second, head="aux1")
    assert_minimal(imagenette, found, photo, second)
    assert {place.partition("/")[0] for place in found.places} <= {"3a", "3b", "4a"}


def test_the_same_answer_needs_no_exchange(imagenette: iv.Classifier, photo: iv.Trace) -> None:
    found = iv.carrying_set(imagenette, photo, photo)
    assert not found.places and not found.steps
    assert found.minimal and found.trace is photo
    assert list(found.to_frame().columns) == ["place", "margin", "first_choice", "kept", "without"]


@pytest.mark.parametrize("module", ["3a", "5b"])
def test_any_module_alone_is_enough(
    imagenette: iv.Classifier, photo: iv.Trace, cat: iv.Trace, module: str
) -> None:
    """All that the network knows passes through each module."""
    found = iv.carrying_set(imagenette, photo, cat, modules=[module])
    assert_minimal(imagenette, found, photo, cat)
    assert {place.partition("/")[0] for place in found.places} == {module}
    whole = iv.interchange(imagenette, photo, cat, [module])
    assert torch.equal(whole.logits, cat.logits)


def test_what_is_refused(lrn: iv.Classifier) -> None:
    a, b = lrn.trace(blobs(0)), lrn.trace(blobs(5))
    with pytest.raises(iv.ExplainError, match='no trained head "aux7"'):
        iv.carrying_set(lrn, a, b, head="aux7")
    with pytest.raises(iv.ExplainError, match='can\'t see a module "5b"; it sees 3a, 3b, 4a'):
        iv.carrying_set(lrn, a, b, head="aux1", modules=["5b"])
    with pytest.raises(iv.ExplainError, match="one module at least"):
        iv.carrying_set(lrn, a, b, modules=[])
    untrained = replace(lrn, weights=replace(lrn.weights, trained_heads=("main",)))
    with pytest.raises(iv.ExplainError, match='no trained head "aux1"'):
        c, d = untrained.trace(blobs(0)), untrained.trace(blobs(5))
        iv.carrying_set(untrained, c, d, head="aux1")
