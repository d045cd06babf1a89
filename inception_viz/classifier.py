"""A classifier: what a user means by "the model"."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from PIL import Image
from torch import Tensor, nn

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import WeightsError
from inception_viz.network.folding import fold_batch_norm
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import (
    Crop,
    Fit,
    Fitting,
    Preprocessing,
    fit_image,
    fitting,
)
from inception_viz.pictures.reading import Picture, read_picture
from inception_viz.sources.base import Weights
from inception_viz.sources.distilled import attach_heads, trunk_hash
from inception_viz.sources.file import SUFFIXES, load_file
from inception_viz.sources.in_memory import state_hash, weights_of
from inception_viz.sources.random_weights import untrained_weights
from inception_viz.sources.registry import REGISTRY
from inception_viz.trace import Trace, outputs_of


@dataclass(frozen=True, eq=False)
class Classifier:
    """Network + preprocessing + labels + source. Safe to share between threads.

    Attributes:
        weights: the network as its source gave it, and what belongs to it.
        source: id of the source, or the file's name.
        title: the name on screen.
        base: the classifier that this one was made of, if it was; layers that both have share
            their memory.
    """

    weights: Weights
    source: str
    title: str
    base: Classifier | None = None

    @property
    def network(self) -> GoogLeNet:
        """The network as trained, frozen. To change weights, make another classifier."""
        return self.weights.network

    @property
    def config(self) -> GoogLeNetConfig:
        """The network's architecture."""
        return self.network.config

    @property
    def labels(self) -> tuple[str, ...]:
        """One name a class."""
        return self.weights.labels

    @property
    def preprocessing(self) -> Preprocessing:
        """How the network's input is made."""
        return self.weights.preprocessing

    @cached_property
    def key(self) -> str:
        """Identity for caches: source, architecture and weights."""
        weights = self.weights
        rest = (self.config.to_json(), weights.preprocessing, weights.labels, weights.trained_heads)
        return f"{self.source}-{sha256(repr(rest).encode()).hexdigest()[:12]}-{weights.fingerprint}"

    @cached_property
    def trunk_key(self) -> str:
        """Identity of what decides the main head's answers: neither heads nor labels."""
        trunk = replace(self.config, aux1=None, aux2=None)
        of = (trunk.to_json(), self.preprocessing, trunk_hash(self.network))
        return sha256(repr(of).encode()).hexdigest()[:24]

    @cached_property
    def inference_network(self) -> GoogLeNet:
        """The same function as :attr:`network`, prepared for speed."""
        base = self.base
        return fold_batch_norm(
            self.network, [(base.network, base.inference_network)] if base is not None else []
        )

    def refresh(self) -> None:
        """See what the weights are now, where somebody else changes them: see :func:`wrap`.

        Traces from before belong to the weights of before, so explanations refuse them.
        """
        weights = replace(self.weights, fingerprint=state_hash(self.network))
        object.__setattr__(self, "weights", weights)
        for prepared in ("key", "trunk_key", "inference_network"):
            self.__dict__.pop(prepared, None)

    def trace(
        self,
        image: str | os.PathLike[str] | bytes | BinaryIO | Image.Image | Picture,
        *,
        fit: Fit | Crop = "crop",
    ) -> Trace:
        """Send one picture through the network and keep everything that happens.

        Args:
            image: a path, the bytes or the open file of a picture, or a PIL image.
            fit: ``crop`` takes the centre square, ``pad`` the whole picture with borders,
                ``squash`` the whole picture with its proportions changed, a
                :class:`~inception_viz.pictures.preprocessing.Crop` any square of it.

        Raises:
            ImageError: if the picture can't be used.
            WeightsError: if the weights give no finite answer.
            ValueError: for an unknown ``fit``.
        """
        picture = read_picture(image)
        x, placed = self.input_of(picture, fit)
        trace = Trace(
            picture=picture,
            fitting=placed,
            labels=self.labels,
            model=self.key,
            **outputs_of(self.inference_network, x, self.weights.trained_heads),
        )
        self.require_finite(trace.logits)
        return trace

    def input_of(self, picture: Picture, fit: Fit | Crop) -> tuple[Tensor, Fitting]:
        """The network's input (1, 3, size, size), and where it lies on the picture.

        Raises:
            ValueError: for an unknown ``fit``.
        """
        placed = fitting(picture.size, self.config.input_size, fit)
        square = fit_image(picture.image, placed, self.preprocessing.background)
        return self.preprocessing.tensor(square), placed

    def require_finite(self, logits: Tensor) -> None:
        """Refuse to go on with what a damaged network answers.

        Raises:
            WeightsError: if any of ``logits`` is infinite or no number.
        """
        if not logits.isfinite().all():
            raise WeightsError(
                f"The network of {self.title} answers with numbers that are not finite. Its "
                "weights are damaged, or its training diverged; use another checkpoint."
            )


def load(
    source: str | os.PathLike[str] = "bvlc",
    *,
    config: GoogLeNetConfig | None = None,
    labels: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    copy: str | None = None,
    seed: int = 0,
) -> Classifier:
    """Load a classifier by the id of its source, or from a file of weights.

    Args:
        source: the id of a source (``"bvlc"`` and ``"imagenette"`` are bundled, ``"random"`` needs
            no file), or the path of a file of weights, whatever its ending: PyTorch's checkpoints,
            safetensors, caffemodel, ONNX, a frozen TensorFlow graph.
        config: the architecture, for a file that doesn't say it, or for ``"random"``.
        labels: class names, for a file that has none.
        preprocessing: how the file's network wants its input.
        copy: which copy to take of a checkpoint with several, such as ``"model_ema"``; the weights'
            ``copies`` lists them.
        seed: of ``"random"``.

    Raises:
        WeightsError: if the weights aren't there or can't be used, in a sentence for the user.
    """
    if source == "random" and not (labels or preprocessing):
        return Classifier(untrained_weights(config, seed), "random", REGISTRY["random"].title)
    if isinstance(source, str) and source in REGISTRY:
        if config or labels or preprocessing or copy:
            raise WeightsError(
                f'"{source}" comes with its own architecture, labels and preprocessing; '
                "give them only for a file."
            )
        loaded = attach_heads(REGISTRY[source].load())
        return Classifier(loaded, source, REGISTRY[source].title)
    path = Path(source)
    if not path.suffix and not path.exists():
        raise WeightsError(
            f'There is no source "{source}". Use one of {", ".join(REGISTRY)}, or the path of a '
            f"file ({', '.join(SUFFIXES)} …)."
        )
    weights = load_file(path, config=config, labels=labels, preprocessing=preprocessing, copy=copy)
    return Classifier(attach_heads(weights), f"file:{path.name}", path.name)


def wrap(
    model: nn.Module,
    labels: Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Classifier:
    """A classifier of a network that you have in memory, during training, say.

    It shares the model's parameters, and takes what it runs from them when it is first used.
    After they changed, call :meth:`Classifier.refresh`, or wrap the model again. The model itself
    stays as it is: its modes, its hooks, its gradients.

    Args:
        model: a :class:`~inception_viz.network.GoogLeNet`, or a torchvision one, on any device.
        labels: one name a class; default ImageNet's for 1000 classes, else numbers.
        preprocessing: how the model wants its input; default ImageNet's mean and deviation.

    Raises:
        TypeError: if it is no GoogLeNet.
        WeightsError: if its layers were changed beyond one, or there isn't one label a class.
    """
    weights = weights_of(model, labels, preprocessing)
    return Classifier(weights, "memory", f"{type(model).__name__} in memory")
