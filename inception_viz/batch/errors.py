"""The one error that tracing a folder raises for what a user asked."""

from __future__ import annotations


class BatchError(ValueError):
    """The folder can't be traced; the message says why and what to do."""


class StoppedError(BatchError):
    """This process stops because the main one did, which says why."""
