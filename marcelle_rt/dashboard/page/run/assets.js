// The card of a run's files: images and sounds by epoch, anything else as a link.
import { Card } from '../card.js';
import { element, say } from '../dom.js';
import { entriesOf } from '../runs/facts.js';
import { assetUrl, showFile } from './files.js';

/**
 * @typedef {import('../runs/facts.js').Document} Document
 * @typedef {{ element: HTMLElement, set: (assets: Document[]) => void }} Strip
 */

/** @param {unknown} name files of one kind differ by their numbers alone */
const kindOf = (name) => String(name ?? '').replace(/\d+/g, '#');

/**
 * @param {import('../connection.js').Connection} connection
 * @param {import('./opened.js').OpenedRun} opened
 */
export function assetsCard(connection, opened) {
  const grid = element('div', { class: 'rt-assets' });
  const card = new Card('Files', grid);
  /** @type {Map<string, Strip>} */
  let strips = new Map();
  let of = '';
  opened.subscribe(() => {
    if (of !== opened.id) {
      of = opened.id;
      strips = new Map();
      grid.replaceChildren();
    }
    /** @type {Map<string, Document[]>} */
    const kinds = new Map();
    for (const asset of entriesOf(opened.document ?? {}, 'assets')) {
      if (asset.url === undefined) continue; // it is not on the backend yet
      const kind = kindOf(asset.filename);
      kinds.set(kind, [...(kinds.get(kind) ?? []), asset]);
    }
    card.show(kinds.size > 0);
    for (const [kind, assets] of kinds) {
      let strip = strips.get(kind);
      if (!strip) {
        strip = newStrip(connection);
        strips.set(kind, strip);
        grid.append(strip.element);
      }
      strip.set(assets);
    }
  });
  return card;
}

/**
 * Files of one kind, of which one is seen: the newest, until somebody goes back.
 * @param {import('../connection.js').Connection} connection
 * @returns {Strip}
 */
function newStrip(connection) {
  const title = element('figcaption');
  const view = element('div', { class: 'rt-view' });
  const slider = element('input', { type: 'range', min: 0, step: 1, 'aria-label': 'epoch', oninput: () => show(Number(slider.value)) });
  const figure = element('figure', { class: 'rt-asset' }, title, view, slider);
  /** @type {Document[]} */
  let all = [];
  let [place, seen] = [-1, ''];

  /** @param {number} next */
  function show(next) {
    place = next;
    const asset = all[next];
    const url = assetUrl(connection.location, asset.url);
    say(title, `${asset.filename ?? ''}${asset.epoch === undefined || asset.epoch === null ? '' : `, epoch ${asset.epoch}`}`);
    slider.value = String(next);
    slider.setAttribute('aria-valuetext', title.textContent ?? '');
    if (url === seen) return;
    seen = url;
    draw(asset, url);
  }

  /** @param {Document} asset @param {string} url */
  function draw(asset, url) {
    const mime = String(asset.mime ?? '');
    const tag = mime.startsWith('image/') ? 'img' : mime.startsWith('audio/') ? 'audio' : mime.startsWith('video/') ? 'video' : null;
    if (tag === null) {
      view.replaceChildren(element('a', { href: url, download: String(asset.filename ?? ''), target: '_blank', rel: 'noopener' }, 'Download'));
      return;
    }
    const kept = view.firstElementChild;
    // The same element shows the next image, so that nothing flickers while the slider is pulled.
    const node = kept?.tagName.toLowerCase() === tag ? kept : element(tag, tag === 'img' ? {} : { controls: true });
    node.setAttribute(tag === 'img' ? 'alt' : 'aria-label', title.textContent ?? '');
    if (node !== kept) view.replaceChildren(node);
    showFile(connection, /** @type {any} */ (node), url);
  }

  return {
    element: figure,
    set(assets) {
      const atEnd = place === all.length - 1;
      all = assets;
      slider.max = String(all.length - 1);
      slider.hidden = all.length < 2;
      show(atEnd ? all.length - 1 : Math.min(place, all.length - 1));
    },
  };
}
