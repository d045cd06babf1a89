"""See how GoogLeNet thinks: which branch of which inception module fires, and why.

>>> import inception_viz as iv
>>> clf = iv.load("bvlc")
>>> trace = clf.trace("cat.jpg")
>>> trace.predictions(k=5)
>>> trace.branches["4c"]["5x5"]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inception_viz._config_checks import ConfigError as ConfigError
    from inception_viz.classifier import Classifier as Classifier
    from inception_viz.classifier import load as load
    from inception_viz.config import GoogLeNetConfig as GoogLeNetConfig
    from inception_viz.images import ImageError as ImageError
    from inception_viz.images import Picture as Picture
    from inception_viz.images import read_picture as read_picture
    from inception_viz.sources.errors import DownloadError as DownloadError
    from inception_viz.sources.errors import WeightsError as WeightsError
    from inception_viz.trace import Trace as Trace
    from inception_viz.training.errors import TrainingError as TrainingError

__version__ = "0.1.0"

_HOME = {
    "Classifier": "classifier",
    "ConfigError": "_config_checks",
    "DownloadError": "sources.errors",
    "GoogLeNetConfig": "config",
    "ImageError": "images",
    "Picture": "images",
    "Trace": "trace",
    "TrainingError": "training.errors",
    "WeightsError": "sources.errors",
    "load": "classifier",
    "read_picture": "images",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import inception_viz`` is quick."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
