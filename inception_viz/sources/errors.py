"""What can go wrong with weights, in sentences for the user."""


class WeightsError(RuntimeError):
    """Weights that can't be used; the text says what is wrong and what to do."""


class DownloadError(WeightsError):
    """A download that failed; the text says why and how to go on."""
