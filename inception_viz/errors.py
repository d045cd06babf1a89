"""Everything that can go wrong, in sentences for the user: what is wrong, and what to do."""

from __future__ import annotations


class InceptionVizError(Exception):
    """The base of all errors that this library raises for what a user gave or asked."""


class ConfigError(InceptionVizError, ValueError):
    """A network that can't exist. The text names the row, the column, the value and a remedy.

    Attributes:
        row: what is wrong: a module, "stem", "aux1", "aux2"; None for the network as a whole.
        column: which of its fields: "f_3x3_r", "after", "classes"; None for more than one.
    """

    def __init__(self, text: str, *, row: str | None = None, column: str | None = None) -> None:
        """Say ``text``."""
        super().__init__(text)
        self.row, self.column = row, column


class ImageError(InceptionVizError, ValueError):
    """A picture that can't be used."""


class ChangeError(InceptionVizError, ValueError):
    """A change of a picture that can't be made; the text says what of it is wrong."""


class WeightsError(InceptionVizError, RuntimeError):
    """Weights that can't be used."""


class FileError(InceptionVizError, RuntimeError):
    """A file that can't be read or written, or is in other hands; the text names it."""


class DownloadError(FileError):
    """A download that failed; the text says how to go on."""


class ExplainError(InceptionVizError, ValueError):
    """What was asked can't be explained."""


class TrainingError(InceptionVizError, RuntimeError):
    """A training that can't start or go on."""


class DataError(TrainingError):
    """Pictures that can't be trained on; the text names the folders or files."""


class BatchError(InceptionVizError, ValueError):
    """A folder that can't be traced."""


class StoppedError(BatchError):
    """This process stops because the main one did, which says why."""
