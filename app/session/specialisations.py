"""What branches prefer, tested once a network for all who ask."""

from __future__ import annotations

import inception_viz as iv
from app.server.jobs import Job, Jobs
from inception_viz.features import Specialisation

_jobs = Jobs(kept=16, words="Testing branches …")  # of 0.6 MB each


def of(model: iv.Classifier) -> Job[Specialisation]:
    """The tests of a model's branches; its error is a WeightsError if it gives no finite answer."""
    return _jobs.get(model.key, lambda progress: iv.specialisation(model, progress=progress))
