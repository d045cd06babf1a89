"""Give one picture what branches put out for another, and see what the network answers then.

Source: interchange interventions, Geiger, Lu, Icard, Potts, "Causal Abstractions of Neural
Networks", NeurIPS 2021, arXiv 2106.02997.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from torch import Tensor

from inception_viz.architecture.places import Place
from inception_viz.classifier import Classifier
from inception_viz.errors import ExplainError
from inception_viz.explain.edits import Edits, exchange_of, places_in
from inception_viz.explain.rerun import Question, ask, question_of, retrace
from inception_viz.explain.target import Target
from inception_viz.trace import Trace


def interchange(
    classifier: Classifier, trace_a: Trace, trace_b: Trace, places: Iterable[str]
) -> Trace:
    """The trace of picture A with what ``places`` put out for picture B.

    Everything behind the first of them is run again, exactly; all heads answer. Places of later
    modules keep B's maps, too, whatever reaches them. A module's reduce layers are those that read
    what reached the module. Explanations accept the result, but for ``faithfulness`` and
    ``sanity_check``, which are about the whole network; gradients end at an exchanged place.

    Args:
        trace_a, trace_b: of the same classifier, whole.
        places: "4c" (a module), "4c/5x5" (a branch), "4c/5x5:7" (one of its channels).

    Raises:
        ExplainError: for a place that doesn't exist, a trace of another classifier, or one that has
            something muted or exchanged.
    """
    question = pair(classifier, trace_a, trace_b)
    texts = [places] if isinstance(places, str) else places
    found = places_in(question.network, texts, "exchange")
    return exchanged(question, trace_b, found) if found else trace_a


def pair(classifier: Classifier, trace_a: Trace, trace_b: Trace, head: str = "main") -> Question:
    """The question about A, after both traces were looked at; to what B answers at ``head``.

    Raises:
        ExplainError: as :func:`interchange`; for a head that doesn't exist.
    """
    ask(classifier, trace_b)
    for name, trace in (("A", trace_a), ("B", trace_b)):
        if trace.muted or trace.exchanged:
            had, verb = (trace.muted, "muted") if trace.muted else (trace.exchanged, "exchanged")
            raise ExplainError(
                f"Trace {name} has something {verb} ({', '.join(sorted(had)[:3])}). Give the trace "
                "of the picture as the whole network saw it; name all places in one call."
            )
    if head not in trace_b.heads:
        raise ExplainError(
            f'These weights have no trained head "{head[:60]}"; there are '
            f"{', '.join(trace_b.heads)}."
        )
    return ask(classifier, trace_a, Target(int(trace_b.heads[head].argmax()), head=head))


def exchanged(question: Question, trace_b: Trace, places: Iterable[Place]) -> Trace:
    """As :func:`interchange`, for places that exist, one at least."""
    maps = {str(place): maps_of(trace_b, place) for place in places}
    network, trace = question.network, question.trace
    edits = Edits(exchange_of(network, maps))
    first = next(name for name in trace.modules if name in edits.exchanged)
    to_main = question_of(network, trace, Target(question.target.index))
    changes = {"exchanged": MappingProxyType(maps), "donor": trace_b.seen}
    return retrace(replace(to_main, edits=edits), first, **changes)


def maps_of(trace: Trace, place: Place) -> Tensor:
    """What ``place`` puts out (channels, height, width)."""
    module = trace.modules[place.module]
    return module[place.channels({b: len(m) for b, m in trace.branches[place.module].items()})]
