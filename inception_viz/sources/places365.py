"""Source ``places365``: a GoogLeNet that names scenes, from the project Places365.

Zhou, Lapedriza, Khosla, Oliva, Torralba, "Places: A 10 million Image Database for Scene
Recognition", 2017; the weights under CC BY. Nobody published a checksum.
"""

from __future__ import annotations

from inception_viz.sources.caffe_layout import PLACES_CLASSES
from inception_viz.sources.official import official_source

SOURCE = official_source(
    source="places365",
    title="Places365 GoogLeNet",
    summary="Names scenes, not things: 365 kinds of places, with both trained heads (CC BY, Zhou "
    "et al. 2017).",
    url="http://places2.csail.mit.edu/models_places365/googlenet_places365.caffemodel",
    files=("googlenet_places365.caffemodel",),
    download_bytes=46_000_000,
    is_right=lambda weights: weights.network.config.classes == PLACES_CLASSES,
    notes=("It knows no objects: for a photo of a cat it names the room.",),
)
