// Arrow keys click the buttons beside one another that they stand for.
export default function ({ data, parentElement }) {
  parentElement.querySelector('small').textContent = data.note;
  const pressed = event => {
    const side = { ArrowLeft: data.before, ArrowRight: data.behind }[event.key];
    const other = event.altKey || event.ctrlKey || event.metaKey || takesArrows(event.target);
    if (!side || other) return;
    document.querySelector(`.st-key-${side} button:not(:disabled)`)?.click();
  };
  document.addEventListener('keydown', pressed);
  return () => document.removeEventListener('keydown', pressed);
}

const takesArrows = target =>
  target.closest?.('input, textarea, select, [role=slider], [role=tab], [role=radiogroup]');
