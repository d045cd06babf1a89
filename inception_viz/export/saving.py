"""Take a classifier elsewhere: ONNX, or PyTorch code that stands alone."""

from __future__ import annotations

import io
import json
import logging
import warnings
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from inception_viz.classifier import Classifier
from inception_viz.export.code import code
from inception_viz.files.cache import atomic_write
from inception_viz.network.googlenet import GoogLeNet


def save_code(classifier: Classifier, path: str | Path) -> None:
    """Write a ZIP of ``googlenet.py``, which needs torch alone, and ``weights.pt``.

    Raises:
        FileError: if it can't be written.
    """
    weights = io.BytesIO()
    torch.save(dict(classifier.network.state_dict()), weights)
    with atomic_write(Path(path)) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr("googlenet.py", code(classifier))
        archive.writestr("weights.pt", weights.getvalue())


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

    The batch size is free. Labels and preprocessing are in the file's metadata.

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
    preparation = classifier.preprocessing
    facts = {
        "labels": json.dumps(list(classifier.labels)),
        "config": classifier.config.to_json(),
        "preprocessing": (
            f"(pixel * {preparation.scale!r} - {preparation.mean}) / {preparation.std}, pixels 0 "
            f"to 255, channels {preparation.channels}"
        ),
    }
    onnx.helper.set_model_props(proto, facts)
    with atomic_write(Path(path)) as temporary:
        onnx.save(proto, temporary)
