from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations

import numpy as np
import pytest
import torch

import inception_viz as iv
from inception_viz.explain import coalitions, shapley_values
from inception_viz.network import GoogLeNet
from tests.explain.whole_network import (
    Change,
    blobs,
    branches,
    channels,
    muting,
    precise,
    rerun,
    zeroed,
)

Worth = Callable[[frozenset[int]], float]


def both(first: Change, second: Change) -> Change:
    return lambda output: second(first(output))


def brute_force(
    classifier: iv.Classifier,
    trace: iv.Trace,
    module: str,
    value: Callable[..., float],
    *muted: str,
) -> dict[str, float]:
    """Every coalition by a run of the whole network; every order of joining, averaged."""
    network, names = precise(classifier), branches(classifier, module)
    silent = muting(classifier, *muted)
    at_module = silent.pop(module, zeroed())
    worth: dict[frozenset[str], float] = {}
    for bits in range(2 ** len(names)):
        inside = frozenset(b for i, b in enumerate(names) if bits >> i & 1)
        absent = zeroed(*(channels(classifier, module, b) for b in names if b not in inside))
        changes = {**silent, module: both(at_module, absent)}
        worth[inside] = value(rerun(network, trace.input, changes).heads)
    totals = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        for place, branch in enumerate(order):
            there = frozenset(order[:place])
            totals[branch] += worth[there | {branch}] - worth[there]
    return {branch: total / len(orders) for branch, total in totals.items()}


def matches(found: iv.Contributions, module: str, expected: Mapping[str, float]) -> None:
    scale = max(abs(x) for x in expected.values())
    assert scale > 1e-3  # else there would be nothing to compare
    for branch, value in expected.items():
        assert found.get(module, branch) == pytest.approx(value, rel=1e-3, abs=1e-4 * scale)


def test_equals_brute_force_over_the_whole_network(small: iv.Classifier, trace: iv.Trace) -> None:
    found = iv.contributions(small, trace, 3)
    for module in trace.modules:
        matches(found, module, brute_force(small, trace, module, lambda z: float(z["main"][3])))


def test_equals_brute_force_with_fewer_branches_and_modules(odd: iv.Classifier) -> None:
    trace = odd.trace(blobs(1))
    found = iv.contributions(odd, trace, 3)
    assert found.modules == ("3a", "4a", "4b", "4c", "5a")
    assert np.isnan(found.values).sum(axis=1).tolist() == [0, 0, 1, 2, 0]
    for module in found.modules:
        matches(found, module, brute_force(odd, trace, module, lambda z: float(z["main"][3])))


def test_of_a_margin_a_probability_and_a_head(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(2))
    cases: list[tuple[iv.Target, Callable[..., float]]] = [
        (iv.Target(1, against=5), lambda z: float(z["main"][1] - z["main"][5])),
        (iv.Target(1, kind="probability"), lambda z: float(z["main"].softmax(0)[1])),
        (iv.Target(2, head="aux1"), lambda z: float(z["aux1"][2])),
    ]
    for target, value in cases:
        found = iv.contributions(lrn, trace, target)
        matches(found, "3b", brute_force(lrn, trace, "3b", value))


def test_a_muted_branch_gets_nothing_and_the_others_play_without_it(
    small: iv.Classifier, trace: iv.Trace
) -> None:
    places = ("4b/3x3", "4d/pool:1", "5a/1x1")
    found = iv.contributions(small, iv.mute(small, trace, places), 3)
    for module in ("3b", "4b", "4d", "5a"):
        value = brute_force(small, trace, module, lambda z: float(z["main"][3]), *places)
        matches(found, module, value)
    assert found.get("4b", "3x3") == pytest.approx(0, abs=1e-6)
    assert found.get("5a", "1x1") == pytest.approx(0, abs=1e-6)
    assert abs(found.get("4b", "1x1")) > 1e-3


def adds_up(network: GoogLeNet, trace: iv.Trace, found: iv.Contributions, *modules: str) -> None:
    """Checked against z(none) from runs of the whole network."""
    index, logit = found.target.index, found.value
    assert logit == pytest.approx(float(trace.logits[index]))
    for module in modules:
        silent = {module: lambda output: output * 0}
        none = float(rerun(network, trace.input, silent).heads["main"][index])
        row = found.modules.index(module)
        assert found.none[row] == pytest.approx(none, rel=1e-3, abs=1e-4)
        assert abs(found.values[row].sum() - (logit - none)) <= 1e-3 * abs(logit - none)


def test_adds_up_in_every_module(small: iv.Classifier) -> None:
    for seed in range(3, 6):
        trace = small.trace(blobs(seed))
        found = iv.contributions(small, trace, seed)
        assert found.relative_gap.max() <= 1e-3
        adds_up(precise(small), trace, found, *found.modules)


def test_adds_up_in_every_module_of_the_bundled_network(
    imagenette: iv.Classifier, photo: iv.Trace
) -> None:
    found = iv.contributions(imagenette, photo)
    assert found.relative_gap.max() <= 1e-3
    adds_up(copy.deepcopy(imagenette.network), photo, found, "3a", "4c", "5b")


def test_costs_all_coalitions(odd: iv.Classifier) -> None:
    found = iv.contributions(odd, odd.trace(blobs(0)))
    assert found.cost.variants == 16 + 16 + 8 + 4 + 16
    assert found.cost.seconds > 0 and found.cost.backward_passes == 0


# The arithmetic on games with known answers ------------------------------------------------------


def played(worth: Worth, players: int) -> list[float]:
    return shapley_values(
        [worth(frozenset(i for i in range(players) if k >> i & 1)) for k in range(2**players)]
    )


def test_glove_game() -> None:
    def pairs(owners: frozenset[int]) -> float:  # player 0 has the one left glove
        return float(0 in owners and len(owners) > 1)

    assert played(pairs, 3) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_airport_game() -> None:
    # Runways for planes that need 1, 2, 4 and 8: each length is shared by those that need it.
    cost = [1.0, 2.0, 4.0, 8.0]
    shares = [1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3 + 2 / 2, 1 / 4 + 1 / 3 + 2 / 2 + 4]
    assert played(lambda s: max((cost[i] for i in s), default=0.0), 4) == pytest.approx(shares)


def test_additive_game_gives_each_its_own() -> None:
    own = [3.0, -1.0, 0.0, 0.25]
    assert played(lambda s: 7.0 + sum(own[i] for i in s), 4) == pytest.approx(own)


def test_one_player_gets_all() -> None:
    assert shapley_values([2.0, 5.0]) == [3.0]


@pytest.mark.parametrize("players", [2, 3, 4])
def test_permuting_the_players_permutes_the_values(players: int) -> None:
    table = np.random.default_rng(players).normal(size=2**players)

    def worth(s: frozenset[int]) -> float:
        return float(table[sum(1 << i for i in s)])

    values = played(worth, players)
    assert len({round(v, 6) for v in values}) == players
    for order in permutations(range(players)):
        renamed = played(lambda s, order=order: worth(frozenset(order[i] for i in s)), players)  # type: ignore[misc]
        assert renamed == pytest.approx([values[i] for i in order])


# The coalitions themselves -----------------------------------------------------------------------


def test_each_coalition_holds_its_members_and_the_baseline_elsewhere() -> None:
    widths = {"1x1": 2, "3x3": 3, "5x5": 1, "pool": 2}
    output, baseline = torch.rand(1, 8, 3, 3) + 1, -torch.rand(1, 8, 1, 1) - 1
    made = coalitions(output, widths, baseline)  # type: ignore[arg-type]
    assert made.shape == (16, 8, 3, 3)
    bounds = [0, 2, 5, 6, 8]
    for k in range(16):
        for i in range(4):
            part = slice(bounds[i], bounds[i + 1])
            expected = output[0, part] if k >> i & 1 else baseline[0, part].expand(-1, 3, 3)
            assert torch.equal(made[k, part], expected)


def test_branches_in_another_order_get_the_same_values() -> None:
    widths = {"1x1": 2, "3x3": 3, "5x5": 1, "pool": 2}
    parts = {name: torch.rand(1, width, 4, 4) for name, width in widths.items()}
    weights = {name: torch.randn(width, 4, 4) for name, width in widths.items()}

    def values(order: Sequence[str]) -> dict[str, float]:
        output = torch.cat([parts[name] for name in order], dim=1)
        weight = torch.cat([weights[name] for name in order])
        ordered = {name: widths[name] for name in order}
        made = coalitions(output, ordered, torch.zeros(1, 8, 1, 1))  # type: ignore[arg-type]
        worth = (made * weight).sum((1, 2, 3)).square()  # no straight line
        return dict(zip(order, shapley_values(worth.tolist()), strict=True))

    expected = values(list(widths))
    for order in permutations(widths):
        assert values(order) == pytest.approx(expected, rel=1e-4, abs=1e-4)
