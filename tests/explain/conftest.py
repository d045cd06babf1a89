"""Small classifiers where no number is 0 by accident, and the bundled one."""

from __future__ import annotations

import pytest

import inception_viz as iv
from tests.conftest import sample
from tests.explain.whole_network import blobs, lively, odd_config, small_config


@pytest.fixture(scope="session")
def lrn() -> iv.Classifier:
    return lively(small_config("lrn"))


@pytest.fixture(scope="session")
def batch() -> iv.Classifier:
    return lively(small_config("batch"))


@pytest.fixture(scope="session", params=["lrn", "batch"])
def small(request: pytest.FixtureRequest) -> iv.Classifier:
    """With local response normalisation, and with batch norm."""
    found: iv.Classifier = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def trace(small: iv.Classifier) -> iv.Trace:
    return small.trace(blobs(0))


@pytest.fixture(scope="session")
def odd() -> iv.Classifier:
    """A network of five modules, some with fewer branches."""
    return lively(odd_config())


@pytest.fixture(scope="session")
def imagenette() -> iv.Classifier:
    return iv.load("imagenette")


@pytest.fixture(scope="session")
def photo(imagenette: iv.Classifier) -> iv.Trace:
    """A real photo through the bundled network."""
    return imagenette.trace(sample("goldfish"))
