"""All methods. A new one is one file here and one line below."""

from __future__ import annotations

from inception_viz.explain.contributions import (
    ablation,
    firing,
    gradient,
    integrated,
    shapley,
)
from inception_viz.explain.contributions.method import Method

METHODS: dict[str, Method] = {
    module.METHOD.id: module.METHOD for module in (shapley, ablation, gradient, integrated, firing)
}
