"""The pictures that trainings learn from, for the commands that train."""

from tests.training.conftest import make_folder

__all__ = ["make_folder"]
