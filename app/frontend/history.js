// Streamlit writes choices into the address without a step in the browser's history, so Back would
// leave the page. Here every action of the user that changes the address becomes one step.
// This takes the place of the functions that Streamlit's router calls: see internals.py.
export function keepSteps() {
  if (window.inceptionVizSteps) return;
  window.inceptionVizSteps = true;
  let acted = false;
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  const write = (entry, title, url) => {
    const next = new URL(url ?? location.href, location.href);
    const moved = next.pathname !== location.pathname || next.search !== location.search;
    (moved && acted ? push : replace)(entry, title, url);
    acted = acted && !moved;
  };
  history.pushState = write;
  history.replaceState = write;
  for (const kind of ['pointerdown', 'keydown', 'popstate']) {
    const note = () => {
      acted = kind !== 'popstate';
    };
    window.addEventListener(kind, note, true);
  }
}
