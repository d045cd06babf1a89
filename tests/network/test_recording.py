from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch
from torch import Tensor, nn

import inception_viz as iv
import inception_viz.torchvision_on_cpu
from inception_viz.network import GoogLeNet, bare_copy, parts
from tests.conftest import tiny_config


def hooks(network: nn.Module) -> int:
    return sum(len(layer._forward_hooks) for layer in network.modules())


@pytest.fixture
def network() -> GoogLeNet:
    made = GoogLeNet(tiny_config()).eval()
    made.initialise(3)
    return made


def photo(seed: int) -> Tensor:
    return torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(seed))


def test_every_part_is_recorded_in_order(network: GoogLeNet) -> None:
    with torch.no_grad(), iv.recording(network) as record:
        logits = network(photo(0), heads=True)
    module = ["4c", "4c/1x1", "4c/3x3", "4c/5x5", "4c/pool", "4c/3x3/reduce", "4c/5x5/reduce"]
    assert [name for name in record if name in network.trunk] == list(network.trunk)
    assert {name for name in record if name.startswith("4c")} == set(module)
    for head, expected in logits._asdict().items():
        assert torch.equal(record[head], expected)
    for name, part in network.modules_by_name.items():
        together = torch.cat([record[f"{name}/{branch}"] for branch in part.widths], 1)
        assert torch.equal(together, record[name])


def test_a_branch_costs_no_memory_of_its_own(network: GoogLeNet) -> None:
    with torch.no_grad(), iv.recording(network) as record:
        network(photo(0))
    storages = {record[f"4c/{branch}"].untyped_storage().data_ptr() for branch in ("1x1", "pool")}
    assert storages == {record["4c"].untyped_storage().data_ptr()}


def test_no_hook_is_left(network: GoogLeNet) -> None:
    with iv.recording(network):
        assert hooks(network) == len(list(parts(network)))
    assert hooks(network) == 0
    with pytest.raises(RuntimeError), iv.recording(network):
        network(torch.zeros(1, 5, 224, 224))
    assert hooks(network) == 0


def test_two_recordings_of_one_network_share_its_hooks(network: GoogLeNet) -> None:
    with torch.no_grad(), iv.recording(network) as outer:
        network(photo(0))
        before = hooks(network)
        with iv.recording(network) as inner:
            network(photo(1))
            assert hooks(network) == before > 0
        first = outer["5b"]
        network(photo(2))
    assert torch.equal(first, inner["5b"])
    assert not torch.equal(outer["5b"], inner["5b"])


def test_another_networks_pass_is_not_recorded(network: GoogLeNet) -> None:
    other = copy.deepcopy(network)
    with torch.no_grad(), iv.recording(network) as record, iv.recording(other) as others:
        other(photo(0))
    assert not record
    assert "5b" in others


def test_thirty_threads_get_their_own_records(network: GoogLeNet) -> None:
    with torch.no_grad():
        expected = [dict(network.walk(photo(seed))) for seed in range(30)]
    together = Barrier(30)

    def work(seed: int) -> dict[str, Tensor]:
        together.wait()
        if seed % 5 == 0:
            with pytest.raises(RuntimeError), iv.recording(network):
                network(torch.zeros(1, 5, 224, 224))
        with torch.no_grad(), iv.recording(network) as record:
            network(photo(seed))
        return record

    with ThreadPoolExecutor(30) as pool:
        records = list(pool.map(work, range(30)))
    for steps, record in zip(expected, records, strict=True):
        assert all(torch.equal(record[name], output) for name, output in steps.items())
    assert hooks(network) == 0


def test_training_steps_can_be_looked_into() -> None:
    network = GoogLeNet(tiny_config())
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    x, y = torch.randn(2, 3, 224, 224), torch.tensor([0, 1])
    with iv.recording(network) as record:
        loss = nn.functional.cross_entropy(network(x).main, y)
    (slope,) = torch.autograd.grad(loss, record["4c/5x5"], retain_graph=True)
    assert slope.shape == record["4c/5x5"].shape and slope.abs().sum() > 0
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    assert network.training and hooks(network) == 0


@pytest.fixture(scope="module")
def torchvisions() -> Iterator[nn.Module]:
    from torchvision.models import googlenet

    torch.manual_seed(1)
    yield googlenet(weights=None, init_weights=False, aux_logits=True).eval()


def test_torchvisions_network_has_the_same_names(torchvisions: nn.Module) -> None:
    ours = GoogLeNet(iv.GoogLeNetConfig.torchvision())
    expected = {p.name for p in parts(ours)} - {"aux1", "aux2"}
    with torch.no_grad(), iv.recording(torchvisions) as record:
        logits = torchvisions(photo(0))
    assert set(record) == expected
    assert torch.equal(record["main"], logits)
    with torch.no_grad():
        maps = torchvisions.get_submodule("inception4c.branch3")(record["4b"])
    torch.testing.assert_close(record["4c/5x5"], maps)
    assert hooks(torchvisions) == 0


def test_other_networks_are_refused() -> None:
    with (
        pytest.raises(TypeError, match="Sequential is no GoogLeNet"),
        iv.recording(nn.Sequential()),
    ):
        pass


def test_a_bare_copy_has_nobodys_hooks(network: GoogLeNet) -> None:
    calls: list[object] = []
    handle = network.trunk["4c"].register_forward_hook(lambda *_: calls.append(1))
    with torch.no_grad(), iv.recording(network) as record:
        copied = bare_copy(network)
        copied(photo(0))
    handle.remove()
    assert hooks(copied) == 0
    assert not calls and not record
