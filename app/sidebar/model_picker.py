"""Choose where the network's weights come from, and fetch them on request."""

from __future__ import annotations

import streamlit as st

import inception_viz as iv
from app.session import address, downloads, lab, models
from app.sidebar import weights_file
from app.widgets import choice, messages
from app.widgets.messages import plain
from app.widgets.waiting import result_of
from inception_viz.files import cached
from inception_viz.sources import REGISTRY, Source, default_source
from inception_viz.surgery import Operation

_FILE = "file"
_FILE_TITLE = "A file of yours …"


def show() -> iv.Classifier | None:
    """Draw the choice; return the model, another one while the chosen one isn't here yet."""
    fallback = default_source()
    runs = models.usable_runs()
    titles = {name: source.title for name, source in REGISTRY.items()}
    titles |= {name: models.title_of_run(run) for name, run in runs.items()} | {_FILE: _FILE_TITLE}
    if (held := weights_file.name()) is not None:
        titles[_FILE] = f"Your file {held}"
    st.session_state.setdefault(address.MODEL, fallback.id)
    chosen = choice.select(address.MODEL, "Model", titles)
    source = REGISTRY.get(chosen)
    if source is None:
        own, summary = None, "Weights from your file."
        if chosen == _FILE:
            own = weights_file.show()
        else:
            summary = "Trained on this computer; see the page Train."
            with messages.errors():
                own = result_of(models.of_run(runs[chosen]))
        if own is not None:
            _describe(own, summary)
            return own
    if source is None or not source.available():
        if source is not None and source.fetch is not None:
            _offer_download(source, fallback)
        else:
            if source is not None:
                with messages.errors():
                    source.load()  # says why it isn't there
            st.caption(f"Until then, you see {fallback.title}.")
        chosen = fallback.id
    model = _load(chosen, fallback)
    if model is not None:
        if model.weights.trouble:
            st.warning(plain(model.weights.trouble), icon=":material/report:")
            _download_button(REGISTRY[model.source], "Download it again")
        if model.source == "random":
            st.warning(
                "These weights are random: the network has learned nothing, its answers are "
                "noise. Choose a trained model above.",
                icon=":material/shuffle:",
            )
        _describe(model, REGISTRY[model.source].summary, REGISTRY[model.source])
    return model


def rebuilt(base: iv.Classifier) -> iv.Classifier:
    """The network that the lab made of ``base``, if that is chosen; else ``base`` itself.

    Raises:
        ConfigError: if the link describes no network that can be built.
    """
    done = _rebuilt_in_use(base)
    lab.rebuilt_network.set(done)
    if done is None:
        return base
    for note in done.classifier.weights.notes[-1:]:
        st.caption(plain(note))
    return done.classifier


def _rebuilt_in_use(base: iv.Classifier) -> Operation | None:
    text = lab.architecture()
    if not text or not (lab.built() or address.REBUILT in st.query_params):
        return None
    names = {"original": "original", "rebuilt": "rebuilt"}
    help_text = "As the model has it, or as the lab rebuilt it."
    lab.kept_filters()  # also where the original is shown, the address keeps them
    if choice.show(address.REBUILT, "Architecture", names, help=help_text) == "original":
        return None
    return result_of(lab.rebuilding(base))


def _load(chosen: str, fallback: Source) -> iv.Classifier | None:
    """The model of a source that is here; of a damaged one, what to do and another network."""
    with messages.errors():
        return result_of(models.of_source(chosen))
    if REGISTRY[chosen].fetch is not None:
        _download_button(REGISTRY[chosen], "Download it again")
    for other in (fallback.id, "random"):
        if other != chosen:
            with messages.errors():
                instead = result_of(models.of_source(other))
                st.caption(f"Until then, you see {REGISTRY[other].title}.")
                return instead
    return None


def _describe(model: iv.Classifier, summary: str, source: Source | None = None) -> None:
    with st.expander("What this model is"):
        notes = "\n".join(f"- {plain(note)}" for note in model.weights.notes)
        st.markdown(f"{summary}\n\n{notes}")
        if source is not None and source.adds and not source.fetched():
            st.markdown(f"{source.adds} Nothing else needs it.")
            _download_button(source, f"Download {source.download_bytes / 1e6:.0f} MB")


def _offer_download(source: Source, fallback: Source) -> None:
    megabytes = source.download_bytes / 1e6
    st.info(
        f"{source.title} is not on this computer yet; until then, you see {fallback.title}. "
        f"Download {megabytes:.0f} MB from {source.where}, or put the file into "
        f"`{cached('x').parent}`.",
        icon=":material/download:",
    )
    _download_button(source, f"Download {megabytes:.0f} MB")


def _download_button(source: Source, label: str) -> None:
    """A button to start the download, or how far it is; the error of one that failed."""
    job = downloads.download(source.id)
    if job is not None and not job.finished:
        _progress(source)
        return
    if job is not None and job.error:
        st.error(plain(job.error), icon=":material/error:")
    if st.button(label, key=f"fetch_{source.id}", width="stretch"):
        downloads.start_download(source.id)
        st.rerun()


@st.fragment(run_every=0.5)
def _progress(source: Source) -> None:
    job = downloads.download(source.id)
    if job is None or job.finished:
        st.rerun()
    downloads.look_at(job)
    total = job.total or source.download_bytes
    share = min(job.done / total, 1.0) if total else 0.0
    st.progress(share, f"{job.done / 1e6:.1f} of {total / 1e6:.1f} MB")
    if st.button("Stop", key=f"stop_{source.id}") and not downloads.stop(job):
        st.toast("Somebody else on this server waits for it, too, so it goes on.")
