"""A tiny GoogLeNet with torchvision's names, saved in every way that people save networks."""

from __future__ import annotations

import argparse
import collections
import pathlib
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

State = dict[str, Tensor]
MODULES = ("3a", "4a", "4b", "5a")  # the heads read 4a and 4b
BRANCHES = ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")


def state(
    classes: int = 5,
    *,
    heads: int | None = 5,
    norm: bool = True,
    five: int = 3,
    channels: int = 3,
) -> State:
    """Random weights; ``heads``: classes of the auxiliary ones, None for no heads."""
    chance = torch.Generator().manual_seed(0)
    made: State = {}

    def conv(name: str, inputs: int, outputs: int, kernel: int) -> None:
        made[f"{name}.conv.weight"] = torch.randn(outputs, inputs, kernel, kernel, generator=chance)
        if not norm:
            made[f"{name}.conv.bias"] = torch.zeros(outputs)
            return
        made[f"{name}.bn.weight"], made[f"{name}.bn.bias"] = (
            torch.ones(outputs),
            torch.zeros(outputs),
        )
        made[f"{name}.bn.running_mean"] = torch.zeros(outputs)
        made[f"{name}.bn.running_var"] = torch.ones(outputs)
        made[f"{name}.bn.num_batches_tracked"] = torch.tensor(7)

    def linear(name: str, inputs: int, outputs: int) -> None:
        made[f"{name}.weight"] = torch.randn(outputs, inputs, generator=chance)
        made[f"{name}.bias"] = torch.zeros(outputs)

    conv("conv1", channels, 4, 7)
    conv("conv2", 4, 4, 1)
    conv("conv3", 4, 6, 3)
    width = 6
    for module in MODULES:
        shapes = (
            (width, 4, 1),
            (width, 3, 1),
            (3, 5, 3),
            (width, 2, 1),
            (2, 4, five),
            (width, 3, 1),
        )
        for branch, shape in zip(BRANCHES, shapes, strict=True):
            conv(f"inception{module}.{branch}", *shape)
        width = 16
    for head in ("aux1", "aux2") if heads else ():
        conv(f"{head}.conv", width, 8, 1)
        linear(f"{head}.fc1", 8 * 16, 12)
        linear(f"{head}.fc2", 12, heads or 0)
    linear("fc", width, classes)
    return made


def prefixed(prefix: str, tensors: State) -> State:
    return {prefix + name: value for name, value in tensors.items()}


def without(tensors: State, start: str) -> State:
    return {name: value for name, value in tensors.items() if not name.startswith(start)}


def cast(kind: torch.dtype) -> State:
    return {n: v.to(kind) if v.is_floating_point() else v for n, v in state().items()}


def with_head(**layers: tuple[int, int]) -> State:
    """A classifier of these layers in a sequence."""
    made = without(state(heads=None), "fc.")
    for name, (inputs, outputs) in layers.items():
        made[f"fc.{name.lstrip('_')}.weight"] = torch.zeros(outputs, inputs)
        made[f"fc.{name.lstrip('_')}.bias"] = torch.zeros(outputs)
    return made


def averaged() -> State:
    return {"n_averaged": torch.tensor(3), **prefixed("module.", state())}


def schedulers() -> dict[str, Any]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(3))], lr=0.1, momentum=0.9)
    kinds = (
        torch.optim.lr_scheduler.MultiStepLR(optimizer, [10, 20]),
        torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer),
        torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
        torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=10),
    )
    return {type(kind).__name__: kind.state_dict() for kind in kinds} | {
        "optimizer": optimizer.state_dict()
    }


CLASSES = ["daisy", "dandelion", "rose", "sunflower", "tulip"]
Content = Callable[[], Any]

OPEN: dict[str, Content] = {  # what torch.save was given
    "plain.pth": state,
    "model_best.pth.tar": lambda: {
        "epoch": 3,
        "arch": "googlenet",
        "state_dict": prefixed("module.", state()),
        "best_acc1": torch.tensor(71.2),
        **schedulers(),
    },
    "schedulers.pth": lambda: {"model_state_dict": state(), **schedulers()},
    "scaler.pth": lambda: {"model": state(), "scaler": {"scale": 65536.0, "growth_factor": 2.0}},
    "device_and_dtype.pt": lambda: {
        "model": state(),
        "device": torch.device("cuda:0"),
        "dtype": torch.float32,
        "counts": collections.Counter(a=3),
        "seen": {1, 2},
    },
    "compile_of_ddp.pth": lambda: {"state_dict": prefixed("_orig_mod.module.", state())},
    "backbone.pth": lambda: prefixed("model.net.backbone.", state()),
    "epoch=2-step=60.ckpt": lambda: {
        "epoch": 2,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {
            **prefixed("model.", state()),
            "criterion.weight": torch.ones(5),
        },
        "loops": {},
        "hyper_parameters": {"lr": 0.001, "num_classes": 5},
    },
    "averaged_model.pth": averaged,
    "timm_ema.pth": lambda: {"state_dict": prefixed("module.", state()), "state_dict_ema": state()},
    "tv_model_ema.pth": lambda: {"model": state(), "model_ema": averaged()},
    "half.pth": lambda: cast(torch.float16),
    "bf16.pth": lambda: cast(torch.bfloat16),
    "double.pth": lambda: cast(torch.float64),
    "deep.pth": lambda: {"checkpoint": {"weights": state()}},
    "some_other_key.pth": lambda: {"my_own_key": state(), "epoch": 1},
    "parameters.pth": lambda: {
        n: nn.Parameter(v, v.is_floating_point()) for n, v in state().items()
    },
    "no_counters.pth": lambda: {
        n: v for n, v in state().items() if not n.endswith("num_batches_tracked")
    },
    "dropout_and_linear.pth": lambda: {**with_head(_1=(16, 5))},
    "named_head.pth": lambda: {**with_head(out=(16, 5))},
    "renamed_head.pth": lambda: {
        **without(state(heads=None), "fc."),
        "last_linear.weight": torch.zeros(5, 16),
        "last_linear.bias": torch.zeros(5),
    },
    "convolution_head.pth": lambda: {
        **without(state(heads=None), "fc."),
        "fc.weight": torch.zeros(5, 16, 1, 1),
        "fc.bias": torch.zeros(5),
    },
    "heads_of_1000.pth": lambda: state(heads=1000),
    "one_head.pth": lambda: without(state(), "aux2."),
    "head_without_classifier.pth": lambda: without(state(), "aux1.fc2."),
    "no_heads.pth": lambda: state(heads=None),
    "one_output.pth": lambda: state(1, heads=None),
    "classes_inside.pth": lambda: {"model": state(), "classes": CLASSES},
    "class_to_idx.pth": lambda: {
        "model": state(),
        "class_to_idx": {name: i for i, name in enumerate(CLASSES)},
    },
    "biases_5x5.pth": lambda: state(norm=False, five=5),
    "biases_3x3.pth": lambda: state(norm=False),
}

REFUSED: dict[str, tuple[Content, str]] = {  # and a piece of the sentence
    "numpy_scalar.pth": (
        lambda: {"model": state(), "best": np.float64(0.93)},
        r"numpy\._?core\.multiarray\.scalar.*state dict alone",
    ),
    "namespace.pth": (
        lambda: {"model": state(), "args": argparse.Namespace(lr=0.1)},
        r"argparse\.Namespace",
    ),
    "a_path.pth": (
        lambda: {"model": state(), "data": pathlib.PurePosixPath("/data")},
        r"pathlib.*PurePosixPath",
    ),
    "defaultdict.pth": (
        lambda: {"model": state(), "history": collections.defaultdict(list)},
        r"collections\.defaultdict",
    ),
    "whole_model.pth": (lambda: nn.Sequential(nn.Linear(2, 2)), "whole model"),
    "two_layers.pth": (lambda: with_head(_0=(16, 8), _3=(8, 5)), "several layers"),
    "identity.pth": (lambda: without(state(heads=None), "fc."), "no classifier"),
    "grey.pth": (lambda: state(heads=None, channels=1), "grey pictures"),
    "another_branch.pth": (
        lambda: {**state(), "inception3a.branch5.conv.weight": torch.zeros(2, 6, 1, 1)},
        r"inception3a\.branch5.*another network",
    ),
    "incomplete.pth": (lambda: without(state(), "inception4a.branch2.1"), "lacks the 3×3"),
    "optimizer.pth": (lambda: {"optimizer": schedulers()["optimizer"]}, "no state dict"),
    "vgg.pth": (lambda: {"features.0.weight": torch.zeros(4, 3, 3, 3)}, "no weights with names"),
}


def write(folder: Path, name: str, content: Any) -> Path:
    """As ``torch.save`` writes it."""
    path = folder / name
    torch.save(content, path)
    return path


def misnamed(folder: Path) -> dict[str, Path]:
    """Files whose endings say something else than their bytes."""
    plain = write(folder, "plain.pth", state())
    tensors = {name: value.contiguous() for name, value in state().items()}
    made = {
        name: folder / name for name in ("st.pth", "pth.safetensors", "x.PTH", "pytorch_model.bin")
    }
    save_file(prefixed("module.", tensors), made["st.pth"], metadata={"format": "pt"})
    for name in ("pth.safetensors", "x.PTH", "pytorch_model.bin"):
        made[name].write_bytes(plain.read_bytes())
    made["legacy"] = folder / "legacy"
    torch.save(state(), made["legacy"], _use_new_zipfile_serialization=False)
    made["download.zip"] = folder / "download.zip"
    with zipfile.ZipFile(made["download.zip"], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "x" * 9000)
        archive.write(plain, "folder/model.pth")
    return made


def torchscript(path: Path) -> None:
    """A compiled program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)).save(str(path))  # type: ignore[no-untyped-call]


BYTES: dict[str, tuple[bytes, str]] = {
    "lfs.pth": (b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32, "Git LFS"),
    "page.caffemodel": (b"<!DOCTYPE html><html>404</html>", "web page"),
    "deploy.prototxt": (b'name: "GoogleNet"\ninput: "data"\n', "describes a network in text"),
    "x.solverstate": (b"\x08\x88\x27\x12\x04abcd", "state of Caffe's solver"),
    "keras.h5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "HDF5"),
    "archive.pth.gz": (b"\x1f\x8b\x08" + b"\0" * 99, "compressed"),
    "photo.pth": (b"\xff\xd8\xff\xe0" + b"\0" * 99, "picture"),
    "config.json": (b'{"model": 3}', "JSON"),
    "empty.pth": (b"", "empty"),
    "noise.bin": (b"\x13\x37" * 50, "no weights file that can be read"),
}
