"""Our cost table beside fvcore's count on the built network, for six architectures.

    python benchmarks/cost.py            # compare
    python benchmarks/cost.py --write    # and keep fvcore's counts for the tests

Needs the benchmark extras (requirements-bench.txt). Claim: parameters and MACs are equal.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from inception_viz.architecture import cost
from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.network.googlenet import GoogLeNet

GOLDEN = Path(__file__).parents[1] / "tests" / "data" / "fvcore_counts.json"


def architectures() -> dict[str, GoogLeNetConfig]:
    """Six different ones."""
    paper = GoogLeNetConfig.paper()
    odd = replace(
        paper,
        stage3=(replace(paper.stage3[0], f_5x5_r=0, f_5x5=0),),
        stage4=(*paper.stage4, replace(paper.stage4[0], f_pp=None)),
        aux2=None,
        classes=37,
        input_size=193,
    )
    return {
        "paper": paper,
        "torchvision": GoogLeNetConfig.torchvision(),
        "naive": GoogLeNetConfig.naive(),
        "two 3x3 for 5x5, batch norm": replace(paper, kernel_5x5="3+3", norm="batch", classes=10),
        "no norm, 320 px": replace(paper, norm="none", input_size=320),
        "other modules": odd,
    }


def fvcore_counts(config: GoogLeNetConfig) -> dict[str, int]:
    """Parameters, and MACs of convolutions and linear layers, heads included."""
    from fvcore.nn import FlopCountAnalysis

    class WithHeads(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = GoogLeNet(config)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(logits for logits in self.network(x, heads=True) if logits is not None)

    model = WithHeads().eval()
    size = config.input_size
    counted = FlopCountAnalysis(model, torch.zeros(1, 3, size, size))
    counted.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    by_operator = counted.by_operator()
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "macs": int(by_operator["conv"] + by_operator["linear"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {GOLDEN.name}")
    write = parser.parse_args().write
    logging.disable(logging.WARNING)
    golden, wrong = {}, 0
    for name, config in architectures().items():
        theirs = fvcore_counts(config)
        start = time.perf_counter()
        ours = cost.totals(cost.layers(config))
        taken = time.perf_counter() - start
        same = (ours.parameters, ours.macs) == (theirs["parameters"], theirs["macs"])
        wrong += not same
        golden[name] = {"config": json.loads(config.to_json()), **theirs}
        print(
            f"{name:28} {ours.parameters:>12,} parameters {ours.macs:>15,} MACs  "
            f"{'equal' if same else f'fvcore: {theirs}'}  ({1000 * taken:.1f} ms)"
        )
    if write:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(golden, indent=1), "utf-8")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
