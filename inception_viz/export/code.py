"""The network as PyTorch code that stands alone."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from dataclasses import astuple

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.plan import steps
from inception_viz.classifier import Classifier

_TEMPLATE = string.Template('''\
"""$title

    import torch
    from PIL import Image
    network = load("weights.pt")
    with torch.no_grad():
        logits = network(prepare(Image.open("photo.jpg")))
    print(LABELS[logits.argmax()])

Needs torch alone (and Pillow and NumPy for prepare). GoogLeNet: Szegedy et al., arXiv 1409.4842.
"""

import torch
import torch.nn.functional as F
from torch import nn

INPUT_SIZE = $input_size
LABELS = $labels
# Columns: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection. 0: no such layer (a pool
# projection of 0 hands the pooled maps on); None: no pool branch.
MODULES = {
$modules
}
STEM = $stem  # filters of conv1, conv2_reduce, conv2
KERNELS_5X5 = $kernels  # of the convolutions in the 5x5 branch, one behind the other
HEADS = {  # name: (after which module, pool, side of what it leaves, filters, hidden units)
$heads
}
BATCH_NORM = $batch_norm
LRN = $lrn  # channels, alpha, beta, k of local response norm; None: there is none
POOL4 = $pool4  # kernel of the max pool between stages 4 and 5
SAME = $same  # pad as TensorFlow does, more on the right and the bottom


def pad_same(x, kernel, stride, value):
    """TensorFlow's padding."""
    missing = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:]]
    (top, bottom), (left, right) = ((n // 2, n - n // 2) for n in missing)
    return F.pad(x, (left, right, top, bottom), value=value)


class ConvBlock(nn.Module):
    """Convolution, batch norm if there is one, ReLU."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.pads = SAME and stride > 1
        padding = 0 if self.pads else kernel // 2
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, padding=padding, bias=not BATCH_NORM
        )
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3) if BATCH_NORM else nn.Identity()

    def forward(self, x):
        if self.pads:
            x = pad_same(x, self.conv.kernel_size[0], self.conv.stride[0], 0.0)
        return F.relu(self.norm(self.conv(x)))


class HalvingPool(nn.Module):
    """Max pool with stride 2."""

    def __init__(self, kernel):
        super().__init__()
        self.kernel = kernel

    def forward(self, x):
        if SAME:
            return F.max_pool2d(pad_same(x, self.kernel, 2, float("-inf")), self.kernel, 2)
        return F.max_pool2d(x, self.kernel, 2, ceil_mode=True)


class Inception(nn.Module):
    """Parallel branches, concatenated."""

    def __init__(self, inputs, f_1x1, f_3x3_r, f_3x3, f_5x5_r, f_5x5, f_pp):
        super().__init__()
        self.branches = nn.ModuleDict()
        for name, reduce, filters, kernels in (
            ("1x1", 0, f_1x1, (1,)),
            ("3x3", f_3x3_r, f_3x3, (3,)),
            ("5x5", f_5x5_r, f_5x5, KERNELS_5X5),
        ):
            if filters:
                branch = self.branches[name] = nn.Sequential()
                current = inputs
                if reduce:
                    branch.add_module("reduce", ConvBlock(current, reduce, 1))
                    current = reduce
                for step, kernel in zip(("conv", "conv_b"), kernels):
                    branch.add_module(step, ConvBlock(current, filters, kernel))
                    current = filters
        if f_pp is not None:
            branch = self.branches["pool"] = nn.Sequential()
            branch.add_module("pool", nn.MaxPool2d(3, stride=1, padding=1))
            if f_pp:
                branch.add_module("project", ConvBlock(inputs, f_pp, 1))
        self.outputs = f_1x1 + f_3x3 + f_5x5 + (0 if f_pp is None else f_pp or inputs)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches.values()], dim=1)


class AuxHead(nn.Module):
    """An auxiliary classifier; it serves in training alone."""

    def __init__(self, inputs, pool, side, filters, hidden):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(side) if pool == "adaptive" else nn.AvgPool2d(5, stride=3)
        self.conv = ConvBlock(inputs, filters, 1)
        self.fc = nn.Linear(filters * side * side, hidden)
        self.classifier = nn.Linear(hidden, len(LABELS))

    def forward(self, x):
        x = self.conv(self.pool(x))
        return self.classifier(F.relu(self.fc(x.flatten(1))))


class GoogLeNet(nn.Module):
    """Pictures (N, 3, size, size) -> logits (N, classes); heads=True: a dictionary of all heads."""

    def __init__(self):
        super().__init__()
        conv1, conv2_reduce, conv2 = STEM
        self.trunk = nn.ModuleDict()
        self.trunk["conv1"] = ConvBlock(3, conv1, 7, stride=2)
        self.trunk["pool1"] = HalvingPool(3)
        if LRN:
            self.trunk["norm1"] = nn.LocalResponseNorm(*LRN)
        self.trunk["conv2_reduce"] = ConvBlock(conv1, conv2_reduce, 1)
        self.trunk["conv2"] = ConvBlock(conv2_reduce, conv2, 3)
        if LRN:
            self.trunk["norm2"] = nn.LocalResponseNorm(*LRN)
        self.trunk["pool2"] = HalvingPool(3)
        channels, stage = conv2, "3"
        self.aux = nn.ModuleDict()
        attached = {after: name for name, (after, *_) in HEADS.items()}
        for name, row in MODULES.items():
            if name[0] != stage:
                kernel = 3 if stage == "3" else POOL4
                self.trunk["pool" + stage] = HalvingPool(kernel)
                stage = name[0]
            self.trunk[name] = Inception(channels, *row)
            channels = self.trunk[name].outputs
            if name in attached:
                self.aux[attached[name]] = AuxHead(channels, *HEADS[attached[name]][1:])
        self.classifier = nn.Linear(channels, len(LABELS))

    def forward(self, x, heads=False):
        answers = {}
        for name, step in self.trunk.items():
            x = step(x)
            if heads:
                for head, (after, *_) in HEADS.items():
                    if after == name:
                        answers[head] = self.aux[head](x)
        logits = self.classifier(x.mean((2, 3)))
        return {**answers, "main": logits} if heads else logits


def load(path):
    """The network with its weights, ready to answer."""
    network = GoogLeNet()
    network.load_state_dict(torch.load(path, weights_only=True)["state_dict"])
    return network.eval()


def prepare(image):
    """A picture as the network wants it: the centre square as (1, 3, size, size)."""
    import numpy
    from PIL import Image

    side = min(image.size) * 224 / 256
    left, top = (image.width - side) / 2, (image.height - side) / 2
    square = image.convert("RGB").resize(
        (INPUT_SIZE, INPUT_SIZE), Image.Resampling.BILINEAR, (left, top, left + side, top + side)
    )
    x = torch.from_numpy(numpy.array(square, dtype="float32"))$flip
    x = (x * $scale - torch.tensor($mean)) / torch.tensor($std)
    return x.permute(2, 0, 1)[None]
''')


def code(classifier: Classifier) -> str:
    """Source text of a module that builds the network and reads ``weights.pt``."""
    config, preparation = classifier.config, classifier.preprocessing
    rows = (
        f'    "{name}": ({row.f_1x1}, {row.f_3x3_r}, {row.f_3x3}, {row.f_5x5_r}, {row.f_5x5}, '
        f"{row.f_pp}),"
        for name, row in config.modules.items()
    )
    return _TEMPLATE.substitute(
        title=f"GoogLeNet of {len(config.modules)} modules: {_safe(classifier.title)}.",
        input_size=config.input_size,
        labels=json.dumps(list(classifier.labels), ensure_ascii=True),
        modules="\n".join(rows),
        stem=(config.stem.conv1, config.stem.conv2_reduce, config.stem.conv2),
        kernels=tuple(int(k) for k in config.kernel_5x5.split("+")),
        heads="\n".join(_heads(config)),
        batch_norm=config.norm == "batch",
        lrn=astuple(config.lrn) if config.norm == "lrn" else None,
        pool4=config.pool4,
        same=config.padding == "same",
        flip=".flip(-1)  # BGR" if preparation.channels == "BGR" else "",
        scale=repr(preparation.scale),
        mean=preparation.mean,
        std=preparation.std,
    )


def _heads(config: GoogLeNetConfig) -> Iterator[str]:
    for name, head in config.heads.items():
        pool = steps(config)[name][0]
        kind = "adaptive" if pool.kind == "adaptive pool" else "5x5/3"
        yield f'    "{name}": ("{head.after}", "{kind}", {pool.size}, {head.conv}, {head.fc}),'


def _safe(text: str) -> str:
    """A title that can't end the docstring it stands in."""
    return "".join(c for c in text if c.isalnum() or c in " .,-_:")[:80]
