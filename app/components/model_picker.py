"""Choose where the network's weights come from, and fetch them on request."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app import services, state
from inception_viz.sources.base import Source
from inception_viz.sources.cache import cached
from inception_viz.sources.file import SUFFIXES
from inception_viz.sources.registry import REGISTRY, default_source

_FILE = "file"
_FILE_TITLE = "A file of yours …"
_FILE_MEGABYTES = 64


def show() -> iv.Classifier | None:
    """Draw the choice; return the model, another one while the chosen one isn't here yet."""
    fallback = default_source()
    chosen = st.selectbox(
        "Model",
        [*REGISTRY, _FILE],
        index=list(REGISTRY).index(fallback.id),
        format_func=lambda name: REGISTRY[name].title if name in REGISTRY else _FILE_TITLE,
        key=state.MODEL,
        bind="query-params",
    )
    if chosen == _FILE:
        model = _from_file()
        if model is not None:
            _describe(model, "Weights from your file.")
            return model
        st.caption(f"Until then, you see {fallback.title}.")
        chosen = fallback.id
    elif not REGISTRY[chosen].available():
        _offer_download(REGISTRY[chosen], fallback)
        chosen = fallback.id
    with services.messages():
        model = services.classifier(chosen)
        if chosen == "random":
            st.warning(
                "These weights are random: the network has learned nothing, its answers are "
                "noise. Choose a trained model above.",
                icon=":material/shuffle:",
            )
        _describe(model, REGISTRY[chosen].summary)
        return model
    return None


def _describe(model: iv.Classifier, summary: str) -> None:
    with st.expander("What this model is"):
        st.markdown(f"{summary}\n\n" + "\n".join(f"- {note}" for note in model.weights.notes))


def _from_file() -> iv.Classifier | None:
    # Known by content, so any name may be chosen; the library says what it can't read.
    file = st.file_uploader(
        f"Weights ({', '.join(SUFFIXES)}), up to {_FILE_MEGABYTES} MB",
        key="weights_file",
        max_upload_size=_FILE_MEGABYTES,
        help="Also a torchvision GoogLeNet that you fine-tuned: its state dict.",
    )
    if file is None:
        return None
    with services.messages():
        return services.classifier_of_file(file.name, file.getvalue())
    return None


def _offer_download(source: Source, fallback: Source) -> None:
    megabytes = source.download_bytes / 1e6
    st.info(
        f"{source.title} is not on this computer yet; until then, you see {fallback.title}. "
        f"Download {megabytes:.0f} MB from {source.where}, or put the file into "
        f"`{cached('x').parent}`.",
        icon=":material/download:",
    )
    failed = st.session_state.get(f"failed_{source.id}")
    if services.download(source.id) is not None:
        _progress(source.id, source.download_bytes)
        return
    if failed:
        st.error(failed, icon=":material/error:")
    if st.button(f"Download {megabytes:.0f} MB", key=f"fetch_{source.id}", width="stretch"):
        st.session_state.pop(f"failed_{source.id}", None)
        services.start_download(source.id)
        st.rerun()


@st.fragment(run_every=0.5)
def _progress(source: str, expected: int) -> None:
    job = services.download(source)
    if job is None:
        return
    if not job.finished:
        total = job.total or expected
        share = min(job.done / total, 1.0) if total else 0.0
        st.progress(share, f"{job.done / 1e6:.1f} of {total / 1e6:.1f} MB")
        if st.button("Stop", key=f"stop_{source}"):
            job.cancelled.set()
        return
    if job.error:
        st.session_state[f"failed_{source}"] = job.error
    services.forget_download(source)
    st.rerun()
