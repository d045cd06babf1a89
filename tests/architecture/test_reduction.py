from __future__ import annotations

import pytest

from inception_viz.architecture import (
    PAPER_EXAMPLE,
    GoogLeNetConfig,
    Reduction,
    channel_growth,
    cost,
    reductions,
)


def test_the_worked_example() -> None:
    assert PAPER_EXAMPLE.naive == 120_422_400
    assert PAPER_EXAMPLE.reduce_cost == 2_408_448
    assert PAPER_EXAMPLE.convolution_cost == 10_035_200
    assert PAPER_EXAMPLE.reduced == 12_443_648


@pytest.mark.parametrize("kernel", [3, 5])
def test_break_even_is_where_nothing_is_saved(kernel: int) -> None:
    example = Reduction(14, 512, 0, 64, kernel)
    at = example.break_even
    below = Reduction(14, 512, int(at), 64, kernel)
    above = Reduction(14, 512, int(at) + 1, 64, kernel)
    assert below.saved > 0 > above.saved


def test_no_reduce_layer_saves_nothing() -> None:
    naive = Reduction(28, 192, 0, 32, 5)
    assert naive.reduced == naive.naive and naive.saved == 0


def test_every_branch_costs_what_the_table_says() -> None:
    config = GoogLeNetConfig.paper()
    branches = cost.branch_table(config).set_index(["module", "branch"])["macs"]
    found = reductions(config)
    assert len(found) == 18
    for place, reduction in found.items():
        assert reduction.reduced == branches[place]
        assert reduction.saved > 0


def test_naive_modules_pile_up_channels() -> None:
    growth = channel_growth(GoogLeNetConfig.naive())
    assert growth["3a"] == 192 + 64 + 128 + 32  # the pool passes all 192 on
    assert list(growth.values()) == sorted(growth.values())
    assert growth["5b"] > 4 * channel_growth(GoogLeNetConfig.paper())["5b"]
