"""What can go wrong in training, in sentences for the user."""


class TrainingError(RuntimeError):
    """A training that can't start or go on; the text says what is wrong and what to do."""


class DataError(TrainingError):
    """Pictures that can't be trained on; the text names the folders or files."""
