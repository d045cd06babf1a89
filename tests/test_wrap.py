from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import inception_viz as iv
import inception_viz.torchvision_on_cpu
from inception_viz.network import GoogLeNet
from inception_viz.pictures import IMAGENET, Preprocessing
from tests.conftest import noise_photo, tiny_config
from tests.explain.test_state_unchanged import snapshot


@pytest.fixture
def model() -> GoogLeNet:
    made = GoogLeNet(tiny_config())
    made.initialise(5)
    made.trunk["4c"].eval()  # mixed modes: each must stay as it is
    return made


@pytest.fixture(scope="module")
def torchvisions() -> Any:
    from torchvision.models import googlenet

    torch.manual_seed(1)
    made = googlenet(weights=None, init_weights=False, aux_logits=True, transform_input=True)
    made.fc = nn.Sequential(nn.Dropout(0.1), nn.Linear(1024, 5))
    made.aux1 = made.aux2 = None
    made.aux_logits = False
    return made


def test_it_shares_the_models_memory(model: GoogLeNet) -> None:
    wrapped = iv.wrap(model)
    ours, theirs = dict(wrapped.network.named_parameters()), dict(model.named_parameters())
    assert ours.keys() == theirs.keys()
    assert all(ours[name] is theirs[name] for name in theirs)


def test_the_model_stays_as_it_is(model: GoogLeNet) -> None:
    calls: list[object] = []
    model.trunk["4c"].register_forward_hook(lambda *_: calls.append(1))
    model.classifier.weight.grad = torch.ones_like(model.classifier.weight)
    model.trunk["conv1"].requires_grad_(False)
    before = snapshot(model)
    wrapped = iv.wrap(model, labels=list("abcdefg"))
    trace = wrapped.trace(noise_photo(0))
    iv.contributions(wrapped, trace, "a", "ablation")
    iv.grad_cam(wrapped, trace)
    after = snapshot(model)
    assert before.flags == after.flags and before.versions == after.versions
    assert torch.equal(model.classifier.weight.grad, torch.ones_like(model.classifier.weight))
    assert not calls


def test_later_changes_are_seen_when_asked(model: GoogLeNet) -> None:
    wrapped = iv.wrap(model)
    first = wrapped.trace(noise_photo(0))
    with torch.no_grad():
        model.classifier.bias.add_(3)
    assert torch.equal(wrapped.trace(noise_photo(0)).logits, first.logits)
    wrapped.refresh()
    again = wrapped.trace(noise_photo(0))
    torch.testing.assert_close(again.logits, first.logits + 3)
    torch.testing.assert_close(iv.wrap(model).trace(noise_photo(0)).logits, again.logits)
    with pytest.raises(iv.ExplainError, match="another model"):
        iv.sweep(wrapped, first)


def test_a_training_loop_can_look_inside() -> None:
    model = GoogLeNet(tiny_config())
    wrapped = iv.wrap(model)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    seen = []
    for step in range(2):
        logits = model(torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(step)))
        nn.functional.cross_entropy(logits.main, torch.tensor([0, 1])).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        wrapped.refresh()
        seen.append(wrapped.trace(noise_photo(1)).logits)
    assert model.training
    assert not torch.equal(*seen)


OWN = Preprocessing(mean=(0.1, 0.2, 0.3), std=(0.7, 0.8, 0.9))


@pytest.mark.parametrize("given", [None, OWN])
def test_torchvisions_answers_are_its_own(
    torchvisions: nn.Module, given: Preprocessing | None
) -> None:
    preprocessing = given or IMAGENET
    from torchvision.transforms.v2 import functional as tv

    wrapped = iv.wrap(torchvisions, list("abcde"), given)
    trace = wrapped.trace(noise_photo(3))
    square = tv.center_crop(tv.resize(noise_photo(3), [256]), [224])
    pixels = tv.to_dtype(tv.pil_to_tensor(square), torch.float32, scale=True)
    x = tv.normalize(pixels, list(preprocessing.mean), list(preprocessing.std))
    reference = copy.deepcopy(torchvisions).eval()
    with torch.no_grad():
        expected = reference(x[None])[0]
    np.testing.assert_allclose(trace.logits, expected, rtol=2e-3, atol=2e-3)
    assert torchvisions.training


def test_wrong_models_are_refused(torchvisions: nn.Module, model: GoogLeNet) -> None:
    with pytest.raises(TypeError, match="no GoogLeNet"):
        iv.wrap(nn.Linear(3, 3))
    with pytest.raises(iv.WeightsError, match="7 classes, but there are 2 labels"):
        iv.wrap(model, ["a", "b"])
    changed = copy.deepcopy(torchvisions)
    changed.inception4c.branch2[0].conv = nn.Conv2d(512, 100, 1, bias=False)  # type: ignore[index,union-attr]
    with pytest.raises(iv.WeightsError, match=r"inception4c\.branch2\.0\."):
        iv.wrap(changed)
