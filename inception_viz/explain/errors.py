"""The one error that explanations raise for what a user asked."""

from __future__ import annotations


class ExplainError(ValueError):
    """What was asked can't be explained; the message says why and what to do."""
