// Saves a figure as it is on the page: text, pictures and drawings become one SVG, or a PNG of it.
import { element } from './element.js';

const SKIP = 'style, script, .take-home, [data-testid=stElementToolbar]'; // see internals.py
const NS = 'http://www.w3.org/2000/svg';
const MARGIN = 12;
const PIXELS = 16e6; // most of a PNG: what every browser's canvas can hold

export default function ({ data, parentElement }) {
  const box = parentElement.querySelector('.take-home');
  box.ariaLabel = `Save: ${data.title}`;
  const button = (kind, save) => {
    const made = element('button', { type: 'button' }, kind);
    made.ariaLabel = `Save as ${kind}: ${data.title}`;
    made.onclick = async () => {
      made.disabled = true;
      try {
        download(await save(), `${data.name}.${kind.toLowerCase()}`);
      } catch {
        made.textContent = `${kind} failed`;
      } finally {
        made.disabled = false;
      }
    };
    return made;
  };
  const figure = () => {
    const paper = getComputedStyle(box).getPropertyValue('--st-background-color');
    return svg(document.querySelector(`.st-key-${data.figure}`), data.title, paper);
  };
  const kinds = [
    button('PNG', async () => png(await figure())),
    button('SVG', async () => blob((await figure()).text, 'image/svg+xml')),
  ];
  if (data.csv) kinds.push(button('CSV', () => blob(data.csv, 'text/csv')));
  box.replaceChildren('Save', ...kinds);
}

const blob = (text, type) => new Blob([text], { type });

function download(content, name) {
  const link = element('a', { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function png({ text, width, height }) {
  const image = new Image();
  const url = URL.createObjectURL(blob(text, 'image/svg+xml'));
  try {
    image.src = url;
    await image.decode();
    const scale = Math.min(2, Math.sqrt(PIXELS / (width * height)));
    const [w, h] = [width, height].map(size => Math.round(size * scale));
    const canvas = element('canvas', { width: w, height: h });
    canvas.getContext('2d').drawImage(image, 0, 0, w, h);
    return await new Promise(done => canvas.toBlob(done, 'image/png'));
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function svg(root, title, paper) {
  const base = root.getBoundingClientRect();
  const parts = [];
  let width = base.width,
    height = base.height;
  const place = rect => {
    const x = rect.left - base.left,
      y = rect.top - base.top;
    width = Math.max(width, x + rect.width);
    height = Math.max(height, y + rect.height);
    return (
      `x="${x.toFixed(1)}" y="${y.toFixed(1)}" ` +
      `width="${rect.width.toFixed(1)}" height="${rect.height.toFixed(1)}"`
    );
  };
  await walk(root, parts, place);
  const [w, h] = [width, height].map(size => Math.ceil(size) + 2 * MARGIN);
  const at = `x="${-MARGIN}" y="${-MARGIN}"`;
  const sheet = `<rect ${at} width="${w}" height="${h}" fill="${paper}"/>`;
  const box = `viewBox="${-MARGIN} ${-MARGIN} ${w} ${h}" width="${w}" height="${h}"`;
  const text =
    `<svg xmlns="${NS}" ${box}>` +
    `<title>${escaped(title)}</title>${sheet}${parts.join('')}</svg>`;
  return { text, width: w, height: h };
}

async function walk(node, parts, place) {
  if (node.nodeType === Node.TEXT_NODE) {
    words(node, parts, place);
    return;
  }
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches(SKIP)) return;
  const style = getComputedStyle(node);
  if (unseen(style)) return;
  const rect = node.getBoundingClientRect();
  if (node instanceof SVGSVGElement) {
    if (rect.width) parts.push(nested(node, rect, place));
    return;
  }
  if (rect.width && rect.height) {
    const source = await pixels(node);
    parts.push(
      source
        ? `<image ${place(rect)} preserveAspectRatio="none" href="${source}"/>`
        : surface(style, rect, place),
    );
    if (source) return;
  }
  for (const child of (node.shadowRoot ?? node).childNodes) await walk(child, parts, place);
}

const unseen = style =>
  style.display === 'none' || style.visibility === 'hidden' || style.opacity === '0';

// What a picture shows, as a data URL; nothing of other elements.
async function pixels(node) {
  if (node.tagName === 'IMG') return embedded(node.currentSrc || node.src);
  return node.tagName === 'CANVAS' ? node.toDataURL() : '';
}

// A drawing inside the page, with the theme's colours written out.
function nested(drawing, rect, place) {
  const copy = drawing.cloneNode(true);
  for (const name of ['x', 'y', 'width', 'height', 'style']) copy.removeAttribute(name);
  if (!copy.getAttribute('viewBox'))
    copy.setAttribute('viewBox', `0 0 ${rect.width} ${rect.height}`);
  const theme = getComputedStyle(drawing);
  return new XMLSerializer()
    .serializeToString(copy)
    .replace('<svg', `<svg ${place(rect)} font-family="${escaped(theme.fontFamily)}"`)
    .replace(/var\((--[\w-]+)(?:,([^()]*))?\)/g, (_, name, otherwise) =>
      escaped(theme.getPropertyValue(name).trim() || (otherwise ?? '').trim()),
    );
}

// Background, border and the part of a sprite that an element shows.
function surface(style, rect, place) {
  const made = [];
  const radius = parseFloat(style.borderTopLeftRadius) || 0;
  if (!/rgba\(.*, 0\)|transparent/.test(style.backgroundColor)) {
    made.push(`<rect ${place(rect)} rx="${radius}" fill="${style.backgroundColor}"/>`);
  }
  const source = /^url\("(data:[^"]+)"\)$/.exec(style.backgroundImage);
  if (source) {
    const [w, h] = style.backgroundSize.split(' ').map(size => parseFloat(size) / 100);
    const [x, y] = style.backgroundPosition.split(' ').map(share => parseFloat(share) / 100);
    made.push(
      `<svg ${place(rect)} viewBox="0 0 1 1" preserveAspectRatio="none">` +
        `<image x="${-x * (w - 1)}" y="${-y * (h - 1)}" width="${w}" height="${h}" ` +
        `preserveAspectRatio="none" image-rendering="pixelated" href="${source[1]}"/></svg>`,
    );
  }
  for (const [side, across] of [
    ['Top', true],
    ['Bottom', true],
    ['Left', false],
    ['Right', false],
  ]) {
    const thick = parseFloat(style[`border${side}Width`]);
    const colour = style[`border${side}Color`];
    if (!thick || style[`border${side}Style`] === 'none' || /, 0\)$/.test(colour)) continue;
    const line = across
      ? new DOMRect(rect.left, side === 'Top' ? rect.top : rect.bottom - thick, rect.width, thick)
      : new DOMRect(side === 'Left' ? rect.left : rect.right - thick, rect.top, thick, rect.height);
    made.push(`<rect ${place(line)} fill="${colour}"/>`);
  }
  return made.join('');
}

// Word by word, so that lines break where they do on the page.
function words(node, parts, place) {
  const style = getComputedStyle(node.parentElement ?? node.getRootNode().host);
  if (style.visibility === 'hidden') return;
  const range = document.createRange();
  for (const found of node.data.matchAll(/\S+/g)) {
    range.setStart(node, found.index);
    range.setEnd(node, found.index + found[0].length);
    const rect = range.getBoundingClientRect();
    if (!rect.width || !rect.height) continue;
    const size = parseFloat(style.fontSize);
    const at = place(rect).match(/x="([^"]+)" y="([^"]+)"/);
    const baseline = Number(at[2]) + rect.height / 2 + size * 0.35;
    parts.push(
      `<text x="${at[1]}" y="${baseline.toFixed(1)}" font-size="${size}" ` +
        `font-weight="${style.fontWeight}" font-style="${style.fontStyle}" fill="${style.color}" ` +
        `font-family="${escaped(style.fontFamily)}" textLength="${rect.width.toFixed(1)}" ` +
        `lengthAdjust="spacingAndGlyphs">${escaped(found[0])}</text>`,
    );
  }
}

async function embedded(source) {
  if (source.startsWith('data:')) return source;
  const content = await (await fetch(source)).blob();
  return await new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = failed;
    reader.readAsDataURL(content);
  });
}

function escaped(text) {
  return text.replace(
    /[&<>"]/g,
    c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c],
  );
}
