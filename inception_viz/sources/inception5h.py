"""Source ``inception5h``: Google's Inception of 2015, with both trained heads, ImageNet.

The network of DeepDream, Lucid and Distill's articles; Apache License 2.0, The TensorFlow Authors.
"""

from __future__ import annotations

from inception_viz.sources import inception5h_layout
from inception_viz.sources.official import official_source

SOURCE = official_source(
    source="inception5h",
    title="Inception 5h",
    summary="Google's GoogLeNet of 2015, the InceptionV1 of DeepDream and of Distill's articles, "
    "with both trained heads, 1000 ImageNet classes (Apache License 2.0).",
    url="https://storage.googleapis.com/download.tensorflow.org/models/inception5h.zip",
    files=("inception5h.zip", "tensorflow_inception_graph.pb"),
    download_bytes=49_937_555,
    checksum="sha256:d13569f6a98159de37e92e9c8ec4dae8f674fbf475f69fe6199b514f756d4364",
    is_right=lambda weights: weights.network.config.lrn == inception5h_layout.LRN,
    notes=("Module 4a has 204 filters of 3×3, and 5a reduces to 48 in front of its 5×5.",),
)
