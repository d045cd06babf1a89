"""Sentences are true: every figure in them is computed again by other means."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

import inception_viz as iv
from inception_viz.explain import LensFit, Reading, lens_of, readings_if_any
from inception_viz.figures import percent
from inception_viz.report import Insight, insights_from, remarkable
from tests.conftest import noise_photo, sample, tiny_config

PHOTOS = ["cat", "espresso", "goldfish", "rocket"]


@pytest.fixture(scope="module", params=["imagenette", "bvlc"])
def clf(request: pytest.FixtureRequest) -> iv.Classifier:
    return iv.load(request.param)


def insights(clf: iv.Classifier, trace: iv.Trace, index: int | None = None) -> tuple[Insight, ...]:
    target = iv.Target(trace.top_classes(1)[0][0] if index is None else index)
    fired = iv.firing(trace, clf.weights.reference)
    branch = remarkable(fired)
    without = iv.mute(clf, trace, [f"{branch.module}/{branch.branch}"])
    believed = iv.beliefs(clf, trace, target)
    cams, readings = iv.grad_cam(clf, trace, target), readings_if_any(clf, trace, target)
    return insights_from(fired, trace, without, target, believed, cams, readings)


@pytest.fixture(scope="module", params=PHOTOS)
def scene(request: pytest.FixtureRequest, clf: iv.Classifier) -> tuple[iv.Trace, list[Insight]]:
    trace = clf.trace(sample(request.param))
    return trace, list(insights(clf, trace))


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def test_the_first_sentence_names_the_most_unusual_branch(
    scene: tuple[iv.Trace, list[Insight]], clf: iv.Classifier
) -> None:
    trace, (first, *_) = scene
    reference = clf.weights.reference
    assert reference is not None
    deviations = {
        (m, b): (float(maps.double().mean()) - reference.mean[m][b]) / reference.std[m][b]
        for m, branches in trace.branches.items()
        for b, maps in branches.items()
    }
    place = max(deviations, key=lambda p: abs(deviations[p]))
    assert (first.module, first.branch) == place
    found = re.search(r"mean activation is ([\d.]+)σ (above|below) usual", first.terms)
    assert found
    assert ("more active than usual" in first.text) == (deviations[place] > 0)
    assert ("far" in first.text) == (abs(deviations[place]) >= 3)
    assert number(found[1]) == pytest.approx(abs(deviations[place]), abs=0.051)
    assert (found[2] == "above") == (deviations[place] > 0)


def test_what_muting_costs_is_what_the_whole_network_says_without_the_branch(
    scene: tuple[iv.Trace, list[Insight]], clf: iv.Classifier
) -> None:
    trace, (first, *_) = scene
    network = clf.network
    module = network.modules_by_name[first.module]

    def silence(_module: object, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        parts = module.split(output)
        return torch.cat(
            [torch.zeros_like(p) if b == first.branch else p for b, p in parts.items()], 1
        )

    handle = module.register_forward_hook(silence)
    try:
        with torch.no_grad():
            without = network(trace.input).main[0]
    finally:
        handle.remove()
    index = trace.top_classes(1)[0][0]
    change = float(without[index] - trace.logits[index])
    label = re.escape(trace.labels[index])
    effect = rf"muting it (lowers|raises) the logit of {label} by ([\d.]+)\. "
    found = re.search(effect, first.terms)
    before, after = (torch.softmax(z, 0) for z in (trace.logits, without))
    if after.argmax() != index:
        assert f"the network says {trace.labels[int(after.argmax())]} (" in first.text
        assert percent(float(after.max())) in first.text
    shown = [percent(float(p[index])) for p in (before, after)]
    if shown[0] == shown[1]:
        assert f"stays at {shown[0]}" in first.text
    else:
        assert f"from {shown[0]} to {shown[1]}" in first.text
    if found is None:
        assert "less than 0.005" in first.terms
        assert abs(change) < 0.006
    else:
        assert number(found[2]) == pytest.approx(abs(change), rel=0.01, abs=1e-3)
        assert (found[1] == "lowers") == (change < 0)


def test_the_heads_sentence_says_who_said_what(scene: tuple[iv.Trace, list[Insight]]) -> None:
    trace, found = scene
    text = next(i.text for i in found if i.shown == "heads")
    said = {head: trace.labels[int(logits.argmax())] for head, logits in trace.heads.items()}
    assert said["main"] in text
    if len(set(said.values())) == 1:
        assert text.startswith(f"Already after 4a, an auxiliary head says {said['main']}")
    else:
        assert text.startswith("The auxiliary heads still say something else")
        for head, module in (("aux1", "4a"), ("aux2", "4d")):
            assert (f"{said[head]} after {module}" in text) == (said[head] != said["main"])


def test_the_answer_appears_where_the_read_outs_stay_with_it(
    scene: tuple[iv.Trace, list[Insight]], clf: iv.Classifier
) -> None:
    trace, found = scene
    sentence = next(i for i in found if i.shown == "lens")
    lens = lens_of(clf)
    assert lens is not None
    choices = []
    for module, readout in lens.readouts.items():  # by hand, in double precision
        means = trace.modules[module].double().numpy().mean((1, 2))
        guess = readout.up.double().numpy() @ (readout.down.double().numpy() @ means)
        layer = clf.network.classifier
        logits = layer.weight.double().numpy() @ (guess + readout.bias.double().numpy())
        choices.append(int((logits + layer.bias.double().numpy()).argmax()))
    answer = int(trace.logits.argmax())
    choices.append(answer)
    place = next(n for n in range(9) if set(choices[n:]) == {answer})
    module = list(trace.modules)[place]
    assert sentence.module == module and f"after {module}" in sentence.text
    assert trace.labels[answer] in sentence.text and "(fitted read-outs)" in sentence.text
    assert ("to stay" in sentence.text) == (answer in choices[:place])
    if place:
        assert f"before, it leaned to {trace.labels[choices[place - 1]]}" in sentence.text
    if place < 8:
        share = percent(lens.readouts[module].fit.first)
        assert f"That of {module} says the same as the network on {share}" in sentence.terms


def test_the_evidence_is_the_largest_share_of_the_last_map(
    scene: tuple[iv.Trace, list[Insight]], clf: iv.Classifier
) -> None:
    trace, found = scene
    last = next(i for i in found if i.shown == "cams")
    index = trace.top_classes(1)[0][0]
    # Behind 5b the network is linear: the mean gradient of a channel is its weight over the units.
    weights = clf.inference_network.classifier.weight[index].numpy()
    energies, start = {}, 0
    for branch, maps in trace.branches["5b"].items():
        part = np.tensordot(weights[start : start + len(maps)], maps.numpy(), 1)
        energies[branch] = np.clip(part, 0, None).sum()
        start += len(maps)
    best = max(energies, key=lambda b: energies[b])
    assert (last.module, last.branch) == ("5b", best)
    share = number(re.findall(r"holds ([\d.]+)\s%", last.text)[0]) / 100
    assert share == pytest.approx(energies[best] / sum(energies.values()), abs=0.006)


def test_without_a_reference_the_strongest_branch_is_named() -> None:
    clf = iv.load("random", config=tiny_config(aux1=None, aux2=None))
    trace = clf.trace(noise_photo(5))
    first, *rest = insights(clf, trace, 3)
    shares = {
        (m, b): float((maps**2).sum() / (trace.modules[m] ** 2).sum())
        for m, branches in trace.branches.items()
        for b, maps in branches.items()
    }
    assert (first.module, first.branch) == max(shares, key=lambda p: shares[p])
    assert "is the most active part of its module" in first.text
    assert "of its module's energy" in first.terms
    assert [i.shown for i in rest] == ["cams"], "no heads, no sentence about them"
    assert trace.labels[3] in first.text and trace.labels[3] in first.terms


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e-3, 1.0])
def test_however_little_muting_changes_there_is_a_sentence(scale: float) -> None:
    """An almost untrained network: the effect was once read back from "2.05e−08"."""
    clf = iv.load("random", config=tiny_config(aux1=None, aux2=None))
    with torch.no_grad():
        clf.network.classifier.weight.mul_(scale)
    trace = clf.trace(noise_photo(5))
    first = insights(clf, trace)[0]
    assert first.text.endswith(".") and "logit of class" in first.terms
    assert ("less than 0.005" in first.terms) == (scale < 1e-2)
    assert iv.report.build(clf, trace).html


def test_an_answer_that_was_lost_on_the_way_is_not_said_to_appear_first(
    tiny: iv.Classifier,
) -> None:
    trace, target = tiny.trace(noise_photo(5)), iv.Target(3)
    fired, cams = iv.firing(trace), iv.grad_cam(tiny, trace, target)
    fit = LensFit(2, 40, 0.5, 0.1)

    def sentence(*choices: int) -> str:
        readings = [
            Reading(module, depth, 0.5, 1, choice, fit if depth < len(choices) else None)
            for depth, (module, choice) in enumerate(zip("abcd", choices, strict=True), 1)
        ]
        found = insights_from(fired, trace, trace, target, iv.beliefs(tiny, trace), cams, readings)
        return next(i.text for i in found if i.shown == "lens")

    one, two = trace.labels[1], trace.labels[2]
    end = f"before, it leaned to {two} (fitted read-outs)."
    assert sentence(1, 1, 1, 1) == (
        f"The answer, {one}, can be read already after a (fitted read-outs)."
    )
    assert sentence(2, 2, 1, 1) == f"The answer, {one}, appears first after c: {end}"
    assert sentence(1, 2, 1, 1) == f"The answer, {one}, is there to stay after c: {end}"
    assert sentence(3, 3, 2, 1) == f"The answer, {one}, appears only at the end, after d: {end}"
