"""Take a classifier elsewhere: ONNX, or PyTorch code that stands alone."""

from __future__ import annotations

import io
import json
import logging
import warnings
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from inception_viz.architecture.config import Norm
from inception_viz.classifier import Classifier
from inception_viz.export.code import code
from inception_viz.files.cache import atomic_write
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.sources.base import Weights


def save_code(classifier: Classifier, path: str | Path) -> None:
    """Write a ZIP of ``googlenet.py``, which needs torch alone, and ``weights.pt``.

    Raises:
        FileError: if it can't be written.
    """
    weights = io.BytesIO()
    content = {"state_dict": dict(classifier.network.state_dict()), **_facts(classifier.weights)}
    torch.save(content, weights)
    with atomic_write(Path(path)) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr("googlenet.py", code(classifier))
        archive.writestr("weights.pt", weights.getvalue())


def _facts(weights: Weights) -> dict[str, str]:
    """What :func:`inception_viz.load` wants to know beside the weights."""
    return {
        "config": weights.network.config.to_json(),
        "labels": json.dumps(list(weights.labels)),
        "preprocessing": json.dumps(asdict(weights.preprocessing)),
        "trained_heads": json.dumps(list(weights.trained_heads)),
    }


class _Main(nn.Module):
    """The main head alone."""

    def __init__(self, network: GoogLeNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.network(image, heads=False).main
        return logits


def save_onnx(classifier: Classifier, path: str | Path) -> None:
    """Write the main head as ONNX: ``image`` (N, 3, size, size) → ``logits`` (N, classes).

    The batch size is free. Labels and preprocessing are in the file's metadata, and the config of
    what is in the file: batch norms folded into the convolutions, the main head alone.
    :func:`inception_viz.load` reads it back.

    Raises:
        FileError: if it can't be written.
    """
    import onnx  # slow to import

    size = classifier.config.input_size
    model = _Main(classifier.inference_network).eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():  # of the exporter's own making
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model,
            (torch.zeros(2, 3, size, size),),
            input_names=["image"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=1024)},),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    preparation, config = classifier.preprocessing, classifier.config
    norm: Norm = "none" if config.norm == "batch" else config.norm
    network = GoogLeNet(replace(config, norm=norm, aux1=None, aux2=None))
    facts = _facts(replace(classifier.weights, network=network, trained_heads=("main",)))
    facts["how_to_prepare"] = (
        f"(pixel * {preparation.scale!r} - {preparation.mean}) / {preparation.std}, pixels 0 "
        f"to 255, channels {preparation.channels}"
    )
    onnx.helper.set_model_props(proto, facts)
    with atomic_write(Path(path)) as temporary:
        onnx.save(proto, temporary)
