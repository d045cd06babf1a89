"""What a processor computes fast."""

from __future__ import annotations

import torch


def fast_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 faster than in float32."""
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
