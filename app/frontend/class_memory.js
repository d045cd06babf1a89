// What this browser keeps of classes: its number in each, and the keys of those it has opened.
const PLACE = 'inception_viz_classes';
const MOST = 20; // of each

export default function ({ data, parentElement, setTriggerValue }) {
  const words = parentElement.querySelector('p');
  words.textContent = data.words || 'This browser is in no class.';
  words.className = data.words ? '' : 'silent';
  const memory = load();
  for (const code of data.gone) {
    delete memory.numbers[code];
    delete memory.keys[code];
  }
  if (data.own) {
    memory.keys[data.own.code] ??= { key: data.own.key, server: data.server, at: Date.now() };
  }
  if (data.asks && isNews(data)) setTriggerValue('told', tell(memory, data));
  else save(memory);
}

// A page may be drawn again before the server has heard.
function isNews({ session, code }) {
  const about = `${session} ${code}`;
  const now = Date.now();
  const told = window.inceptionVizClassTold;
  if (told?.about === about && now - told.at < 5000) return false;
  window.inceptionVizClassTold = { about, at: now };
  return true;
}

function tell(memory, { session, server, code, open }) {
  const known = memory.numbers[code];
  const before = known?.server ?? '';
  if (open) {
    const pupil = known?.server === server ? known.pupil : newNumber();
    memory.numbers[code] = { pupil, server, at: known?.at ?? Date.now() };
  }
  return {
    session,
    code,
    pupil: memory.numbers[code]?.pupil ?? '',
    server: before,
    keys: newestFirst(memory.keys).map(([own, { key, server }]) => ({ code: own, key, server })),
    kept: save(memory),
  };
}

// Also without https, where there is no randomUUID.
function newNumber() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
}

const newestFirst = entries =>
  Object.entries(entries)
    .filter(([, entry]) => entry?.at)
    .sort((a, b) => b[1].at - a[1].at);

function load() {
  const tab = window.inceptionVizClasses; // all there is where a browser keeps nothing
  try {
    const { numbers, keys } = JSON.parse(localStorage.getItem(PLACE)) ?? tab ?? {};
    return { numbers: { ...numbers }, keys: { ...keys } };
  } catch {
    return { numbers: { ...tab?.numbers }, keys: { ...tab?.keys } };
  }
}

function save({ numbers, keys }) {
  const few = entries => Object.fromEntries(newestFirst(entries).slice(0, MOST));
  window.inceptionVizClasses = { numbers: few(numbers), keys: few(keys) };
  try {
    localStorage.setItem(PLACE, JSON.stringify(window.inceptionVizClasses));
    return true;
  } catch {
    return false;
  }
}
