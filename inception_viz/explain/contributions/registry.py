"""All methods. A new one is one file here and one line below."""

from __future__ import annotations

from collections.abc import Mapping

from inception_viz.explain.contributions import (
    ablation,
    firing,
    gradient,
    integrated,
    shapley,
)
from inception_viz.explain.contributions.method import Method
from inception_viz.explain.registry import registry

METHODS: Mapping[str, Method] = registry(
    *(module.METHOD for module in (shapley, ablation, gradient, integrated, firing))
)
