"""inception5h made up from its names and shapes: as a TensorFlow graph, and its forward pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from inception_viz.sources import graph_messages

# module: inputs, 1x1, 3x3 bottleneck, 3x3, 5x5 bottleneck, 5x5, pool reduce
ROWS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 204, 16, 48, 64),
    "4b": (508, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 48, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}
Constants = dict[str, np.ndarray]


def constants(shrink: int = 1, classes: int = 1008) -> Constants:
    """Random values of the real names; with ``shrink`` 1 of the real shapes (HWIO, in × out)."""
    chance = np.random.default_rng(0)
    made: Constants = {}

    def conv(name: str, inputs: int, outputs: int, kernel: int) -> None:
        scale = (2 / (inputs * kernel * kernel)) ** 0.5
        shape = (kernel, kernel, inputs, outputs)
        made[f"{name}_w"] = (chance.standard_normal(shape) * scale).astype(np.float32)
        made[f"{name}_b"] = chance.uniform(-0.1, 0.3, outputs).astype(np.float32)

    def dense(name: str, inputs: int, outputs: int) -> None:
        made[f"{name}_w"] = (chance.standard_normal((inputs, outputs)) / inputs**0.5).astype(
            np.float32
        )
        made[f"{name}_b"] = chance.uniform(-0.1, 0.1, outputs).astype(np.float32)

    def width(number: int) -> int:
        return max(number // shrink, 1)

    conv("conv2d0", 3, width(64), 7)
    conv("conv2d1", width(64), width(64), 1)
    conv("conv2d2", width(64), width(192), 3)
    inputs = width(192)
    reads = {}
    for module, (_, *row) in ROWS.items():
        a, b, c, d, e, f = map(width, row)
        conv(f"mixed{module}_1x1", inputs, a, 1)
        conv(f"mixed{module}_3x3_bottleneck", inputs, b, 1)
        conv(f"mixed{module}_3x3", b, c, 3)
        conv(f"mixed{module}_5x5_bottleneck", inputs, d, 1)
        conv(f"mixed{module}_5x5", d, e, 5)
        conv(f"mixed{module}_pool_reduce", inputs, f, 1)
        inputs = reads[module] = a + c + e + f
    for head, module in (("0", "4a"), ("1", "4d")):
        conv(f"head{head}_bottleneck", reads[module], width(128), 1)
        dense(f"nn{head}", width(128) * 16, width(1024))
        dense(f"softmax{head}", width(1024), classes)
    dense("softmax2", inputs, classes)
    return made


def graph(values: Mapping[str, np.ndarray]) -> bytes:
    """A frozen GraphDef that holds them, among nodes that compute."""
    found = graph_messages()["Graph"]()
    found.node.add(name="input", op="Placeholder")  # type: ignore[attr-defined]
    for name, value in values.items():
        node = found.node.add(name=name, op="Const")  # type: ignore[attr-defined]
        entry = node.attr.add(key="value")
        tensor = entry.value.tensor
        tensor.dtype = 1
        for side in value.shape:
            tensor.tensor_shape.dim.add(size=side)
        tensor.tensor_content = value.astype("<f4").tobytes()
        found.node.add(name=f"{name}_read", op="Identity")  # type: ignore[attr-defined]
    return found.SerializeToString()


def forward(values: Mapping[str, np.ndarray], pixels: Tensor) -> dict[str, Tensor]:
    """Logits of softmax0, softmax1 and softmax2 for RGB pixels 0…255 (1, 3, 224, 224).

    TensorFlow's operations written out: "SAME" padding, its normalisation (radius 5, bias 2, alpha
    1e-4, beta 0.5, alpha not divided), heads that flatten with the channels last.
    """

    def conv(name: str, x: Tensor, stride: int = 1) -> Tensor:
        kernel = torch.from_numpy(values[f"{name}_w"]).permute(3, 2, 0, 1)
        side = kernel.shape[-1]
        edges = (2, 3, 2, 3) if stride == 2 else (side // 2,) * 4
        return F.relu(
            F.conv2d(F.pad(x, edges), kernel, torch.from_numpy(values[f"{name}_b"]), stride)
        )

    def halved(x: Tensor) -> Tensor:
        return F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=float("-inf")), 3, 2)

    def normed(x: Tensor) -> Tensor:
        squares = F.pad(x.square(), (0, 0, 0, 0, 5, 5))
        near = torch.stack([squares[:, shift : shift + x.shape[1]] for shift in range(11)])
        return x / (2 + 1e-4 * near.sum(0)).sqrt()

    def dense(name: str, x: Tensor) -> Tensor:
        return x @ torch.from_numpy(values[f"{name}_w"]) + torch.from_numpy(values[f"{name}_b"])

    def head(number: str, x: Tensor) -> Tensor:
        x = conv(f"head{number}_bottleneck", F.avg_pool2d(x, 5, 3)).permute(0, 2, 3, 1).flatten(1)
        return dense(f"softmax{number}", F.relu(dense(f"nn{number}", x)))

    said = {}
    x = normed(halved(conv("conv2d0", pixels - 117, 2)))
    x = halved(normed(conv("conv2d2", conv("conv2d1", x))))
    for module in ROWS:
        name = f"mixed{module}"
        x = torch.cat(
            [
                conv(f"{name}_1x1", x),
                conv(f"{name}_3x3", conv(f"{name}_3x3_bottleneck", x)),
                conv(f"{name}_5x5", conv(f"{name}_5x5_bottleneck", x)),
                conv(f"{name}_pool_reduce", F.max_pool2d(x, 3, 1, 1)),
            ],
            1,
        )
        if module in ("4a", "4d"):
            said["aux1" if module == "4a" else "aux2"] = head("0" if module == "4a" else "1", x)
        x = halved(x) if module in ("3b", "4e") else x
    said["main"] = dense("softmax2", x.mean((2, 3)))
    return said
