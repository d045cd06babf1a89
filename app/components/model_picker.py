"""Choose where the network's weights come from, and fetch them on request."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app import services, state
from inception_viz.sources.base import Source
from inception_viz.sources.cache import cached
from inception_viz.sources.registry import REGISTRY, default_source


def show() -> iv.Classifier | None:
    """Draw the choice; return the model, another one while the chosen one isn't here yet."""
    fallback = default_source()
    chosen = st.selectbox(
        "Model",
        list(REGISTRY),
        index=list(REGISTRY).index(fallback.id),
        format_func=lambda source: REGISTRY[source].title,
        key=state.MODEL,
        bind="query-params",
    )
    source = REGISTRY[chosen]
    if not source.available():
        _offer_download(source)
        st.caption(f"Until then, you see: {fallback.title}.")
        source = fallback
    with services.messages():
        model = services.classifier(source.id)
        if source.id == "random":
            st.warning(
                "These weights are random: the network has learned nothing, its answers are "
                "noise. Choose a trained model above.",
                icon=":material/shuffle:",
            )
        with st.expander("What this model is"):
            st.markdown(f"{source.summary}\n\n" + "\n".join(f"- {n}" for n in model.weights.notes))
        return model
    return None


def _offer_download(source: Source) -> None:
    megabytes = source.download_bytes / 1e6
    st.info(
        f"{source.title} is not on this computer yet. Download {megabytes:.0f} MB from "
        f"{source.where}, or put the file into `{cached('x').parent}`.",
        icon=":material/download:",
    )
    failed = st.session_state.get(f"failed_{source.id}")
    if services.download(source.id) is None:
        if failed:
            st.error(failed)
        if st.button(f"Download {megabytes:.0f} MB", key=f"fetch_{source.id}"):
            st.session_state.pop(f"failed_{source.id}", None)
            services.start_download(source.id)
            st.rerun()
        return
    _progress(source.id, source.download_bytes)


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
    error = job.error
    services.forget_download(source)
    if error:
        st.session_state[f"failed_{source}"] = error
    st.rerun()
