"""How computations share the computer's cores with everything else that runs on it.

The threads of a computation spin for a while where they wait for each other. If something else has
the core meanwhile (thirty pages being drawn, a training), each waits for one that can't run: one
forward pass took 1.2 s instead of 50 ms. So they sleep instead.

PyTorch keeps the code that it makes for each shape of convolution, 1,024 of them. Rebuilt networks
bring ever new shapes, so fewer are kept here: enough for a network and its batches.

Both settings are read when PyTorch is loaded, so this module comes before it.
"""

from __future__ import annotations

import os
import sys

if "torch" not in sys.modules:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256")
