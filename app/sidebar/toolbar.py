"""What every page has at its top: a link to this view, a report, large type for projectors."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.session import address, explanations, photos
from app.session.scene import Scene

_CSS = """
button { font: 400 .9rem var(--st-font, sans-serif); color: var(--st-text-color); cursor: pointer;
  background: none; border: 1px solid var(--st-border-color, #8888); white-space: nowrap;
  border-radius: var(--st-base-radius, 8px); padding: .3rem .7rem; }
button:hover, button:focus-visible { border-color: var(--st-primary-color);
  color: var(--st-primary-color); outline: none; }
"""

# Streamlit writes choices into the address without a step in the browser's history, so Back would
# leave the page. Here every action of the user that changes the address becomes one step.
_JS = """
export default function ({ data, parentElement }) {
  remember();
  const button = parentElement.querySelector('button');
  button.textContent = 'Copy link';
  button.title = data.note;
  button.onclick = async () => {
    const done = await copy(location.href);
    button.textContent = done ? data.done : 'Copy it from the address bar';
    setTimeout(() => { button.textContent = 'Copy link'; }, 2500);
  };
}

async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch (error) { /* not https */ }
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  document.body.append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}

function remember() {
  if (window.inceptionVizSteps) return;
  window.inceptionVizSteps = true;
  let acted = false;
  const push = history.pushState.bind(history), replace = history.replaceState.bind(history);
  const write = (entry, title, url) => {
    const next = new URL(url ?? location.href, location.href);
    const moved = next.pathname !== location.pathname || next.search !== location.search;
    (moved && acted ? push : replace)(entry, title, url);
    acted = acted && !moved;
  };
  history.pushState = write;
  history.replaceState = write;
  for (const kind of ['pointerdown', 'keydown']) {
    window.addEventListener(kind, () => { acted = true; }, true);
  }
  window.addEventListener('popstate', () => { acted = false; }, true);
}
"""

_link = st.components.v2.component(
    "inception_viz.copy_link", html='<button type="button"></button>', css=_CSS, js=_JS
)


_REPORT_HELP = (
    "Everything about this photo in this model as one HTML file that opens without internet: "
    "answers, maps, contributions, Grad-CAM, every channel, versions. Takes a few seconds."
)


def show(scene: Scene | None) -> None:
    """Draw it; no report without a ``scene``."""
    with st.container(horizontal=True, key="toolbar", vertical_alignment="center", gap="small"):
        st.toggle(
            "Large type",
            key=address.LARGE,
            bind="query-params",
            help="For projectors: everything larger.",
        )
        note, done = "The address of exactly this view, to send or to keep.", "Link copied"
        if photos.own() is not None:
            note += " Your own photo is not in it: whoever opens it is told so."
            done = "Copied without your photo"
        if scene is not None:
            st.download_button(
                "Report",
                partial(explanations.report, scene),
                file_name="inception-viz-report.html",
                mime="text/html",
                on_click="ignore",
                help=_REPORT_HELP,
                key="report",
            )
        _link(key="copy_link", data={"note": note, "done": done}, width="content")
