"""See how GoogLeNet thinks: which branch of which inception module fires, and why.

>>> import inception_viz as iv
>>> clf = iv.load("bvlc")
>>> trace = clf.trace("cat.jpg")
>>> trace.predictions(k=5)
>>> trace.branches["4c"]["5x5"]
>>> iv.contributions(clf, trace, "tabby").to_frame()
>>> iv.grad_cam(clf, trace)["5b"]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inception_viz import export as export
    from inception_viz import report as report
    from inception_viz import surgery as surgery
    from inception_viz.architecture import cost as cost
    from inception_viz.architecture.config import GoogLeNetConfig as GoogLeNetConfig
    from inception_viz.batch.folder import TracedFolder as TracedFolder
    from inception_viz.batch.folder import trace_folder as trace_folder
    from inception_viz.classifier import Classifier as Classifier
    from inception_viz.classifier import load as load
    from inception_viz.classifier import wrap as wrap
    from inception_viz.errors import BatchError as BatchError
    from inception_viz.errors import ConfigError as ConfigError
    from inception_viz.errors import DownloadError as DownloadError
    from inception_viz.errors import ExplainError as ExplainError
    from inception_viz.errors import ImageError as ImageError
    from inception_viz.errors import TrainingError as TrainingError
    from inception_viz.errors import WeightsError as WeightsError
    from inception_viz.explain.contributions import contributions as contributions
    from inception_viz.explain.faithfulness import faithfulness as faithfulness
    from inception_viz.explain.grad_cam import grad_cam as grad_cam
    from inception_viz.explain.heads import beliefs as beliefs
    from inception_viz.explain.heads import logit_lens as logit_lens
    from inception_viz.explain.muting import mute as mute
    from inception_viz.explain.muting import sweep as sweep
    from inception_viz.explain.pixels import pixel_map as pixel_map
    from inception_viz.explain.randomisation import sanity_check as sanity_check
    from inception_viz.explain.target import Target as Target
    from inception_viz.network.recording import recording as recording
    from inception_viz.pictures.reading import Picture as Picture
    from inception_viz.pictures.reading import read_picture as read_picture
    from inception_viz.trace import Trace as Trace

__version__ = "0.1.0"

_HOME = {
    "BatchError": "errors",
    "Classifier": "classifier",
    "ConfigError": "errors",
    "DownloadError": "errors",
    "ExplainError": "errors",
    "GoogLeNetConfig": "architecture.config",
    "ImageError": "errors",
    "Picture": "pictures.reading",
    "Target": "explain.target",
    "Trace": "trace",
    "TracedFolder": "batch.folder",
    "TrainingError": "errors",
    "WeightsError": "errors",
    "beliefs": "explain.heads",
    "contributions": "explain.contributions",
    "faithfulness": "explain.faithfulness",
    "grad_cam": "explain.grad_cam",
    "load": "classifier",
    "logit_lens": "explain.heads",
    "mute": "explain.muting",
    "pixel_map": "explain.pixels",
    "read_picture": "pictures.reading",
    "sanity_check": "explain.randomisation",
    "recording": "network.recording",
    "sweep": "explain.muting",
    "trace_folder": "batch.folder",
    "wrap": "classifier",
}

_PACKAGES = {
    "cost": "architecture.cost",
    "export": "export",
    "report": "report",
    "surgery": "surgery",
}

__all__ = sorted([*_HOME, *_PACKAGES])


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import inception_viz`` is quick."""
    if name in _PACKAGES:
        return import_module(f"{__name__}.{_PACKAGES[name]}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
