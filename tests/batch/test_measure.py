from __future__ import annotations

import numpy as np
import pytest
import torch

import inception_viz as iv
from inception_viz import firing
from inception_viz.architecture import GoogLeNetConfig, ModuleRow
from inception_viz.batch import branches_of, measure
from tests.conftest import noise_photo, tiny_config

NAIVE = ModuleRow(4, 0, 6, 0, 4, 0)  # no reduce layers, no pool projection
NO_5X5 = ModuleRow(4, 3, 6, 0, 0, 3)


@pytest.mark.parametrize(
    "config",
    [
        tiny_config(),
        tiny_config(norm="batch", stage4=(NO_5X5, NAIVE), aux2=None),
        tiny_config(aux1=None, aux2=None, stage3=(NO_5X5,), stage4=(NAIVE,), stage5=(NO_5X5,)),
    ],
    ids=["lrn", "batch norm, other modules", "three modules"],
)
def test_a_batch_measures_what_single_pictures_do(config: GoogLeNetConfig) -> None:
    clf = iv.load("random", config=config)
    traces = [clf.trace(noise_photo(seed)) for seed in range(5)]
    network = clf.inference_network
    found = measure(network, torch.cat([t.input for t in traces]), slopes=True)
    places = branches_of(network)
    assert found.slopes is not None
    for i, trace in enumerate(traces):
        table = iv.contributions(clf, trace, method="gradient_x_activation")
        branches = {(b.module, b.branch): b for b in firing(trace).branches}
        assert list(branches) == places
        expected = np.array([(b.mean, b.energy_share) for b in branches.values()])
        np.testing.assert_allclose(found.firing[i], expected[:, 0], rtol=2e-5, atol=1e-7)
        np.testing.assert_allclose(found.energy[i], expected[:, 1], rtol=2e-5, atol=1e-7)
        scores = np.array([table.get(*place) for place in places])
        np.testing.assert_allclose(
            found.slopes[i], scores, rtol=1e-3, atol=1e-5 * np.abs(scores).max()
        )
        np.testing.assert_allclose(found.logits[i], trace.logits, rtol=1e-4, atol=1e-5)


def test_shares_add_up_to_one_and_are_zero_in_a_silent_module() -> None:
    clf = iv.load("random", config=tiny_config())
    network = clf.inference_network
    for block in network.modules_by_name["4c"].modules():
        if isinstance(block, torch.nn.Conv2d):
            block.weight.zero_()
            assert block.bias is not None
            block.bias.fill_(-1.0)
    found = measure(network, torch.randn(2, 3, 224, 224), slopes=False)
    names = [module for module, _ in branches_of(network)]
    for module in network.modules_by_name:
        columns = [i for i, name in enumerate(names) if name == module]
        total = found.energy[:, columns].sum(1)
        np.testing.assert_allclose(total, 0.0 if module >= "4c" else 1.0, atol=1e-9)


def test_nothing_of_the_network_changes(tiny: iv.Classifier) -> None:
    network = tiny.inference_network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.inference_mode():  # also when the caller is in another mode
        found = measure(network, torch.randn(2, 3, 224, 224), slopes=True)
    assert found.slopes is not None and not found.slopes.requires_grad
    assert not any(p.requires_grad or p.grad is not None for p in network.parameters())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
