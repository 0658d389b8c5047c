// The card of all runs: the filter, the table and its pages, and what is said where there are none.
import { Card } from '../card.js';
import { element, say } from '../dom.js';
import { flag, keep, oneOf, recall, text, texts } from '../kept.js';
import { openRun } from '../route.js';
import { columnsOf, sorted } from './columns.js';
import * as hints from './hints.js';
import { choiceMenu } from './menu.js';
import { Table } from './table.js';

const PAGE_SIZES = [10, 25, 100];
const PATIENCE = 1500; // milliseconds before the page says that nobody answers
const AGAIN = 3000; // and then between two looks at who does
const EACH = 100; // milliseconds between two drawings: fast enough for the eye, and slow enough for a click

/**
 * @param {import('./catalogue.js').Catalogue} catalogue
 * @param {import('./selection.js').Selection} selection
 * @param {import('./narrowing.js').Narrowing} narrowing
 * @param {import('../connection.js').Connection} connection
 */
export function runsCard(catalogue, selection, narrowing, connection) {
  let page = 0;
  let [size, sort, down] = [recall('size', oneOf(PAGE_SIZES), PAGE_SIZES[0]), recall('sort', text, 'start'), recall('down', flag, true)];
  /** @type {Set<string> | null} the columns that somebody chose */
  let chosen = recall('columns', (keys) => (texts(keys) ? new Set(texts(keys)) : undefined), /** @type {Set<string> | null} */ (null));
  let patient = true;
  let strangers = 0; // how many looks in a row found that something answers, and still no backend
  let last = 0;
  let due = 0;

  const table = new Table(catalogue, selection, {
    onTick: (ids, on) => selection.tick(ids, on),
    onOpen: openRun,
    onSort(key) {
      down = key === sort ? !down : columnsOf([...catalogue.rows.values()]).columns.get(key)?.best ?? false;
      [sort, page] = [key, 0];
      keep('sort', sort);
      keep('down', down);
      draw();
    },
  });
  const input = element('input', {
    type: 'search', class: 'rt-filter', 'aria-label': 'filter runs', spellcheck: 'false',
    placeholder: 'Filter: words, status:failed, tag:baseline, lr=0.1, val_loss<0.3',
    oninput() {
      page = 0;
      narrowing.type(input.value);
      draw();
    },
  });
  const count = element('span', { class: 'rt-count', role: 'status' });
  const line = element('span', { class: 'rt-line' });
  const wrong = element('span', { class: 'rt-line rt-wrong', role: 'status' });
  const live = element('button', { type: 'button', onclick: () => selection.reset(), title: 'Tick what trains, as it comes' }, 'Follow live');
  const none = element('button', { type: 'button', onclick: () => selection.tick([...selection.ticked], false) }, 'Untick all');
  const marked = element('button', { type: 'button', onclick: () => narrowing.brushTo(null), title: 'Show all runs again' }, 'Marked below ×');
  const menu = choiceMenu('Columns', 'Find a column', (keys) => {
    chosen = keys;
    keep('columns', [...keys]);
    draw();
  });
  const turn = (/** @type {number} */ step) => () => {
    page += step;
    draw();
  };
  const before = element('button', { type: 'button', 'aria-label': 'previous page', onclick: turn(-1) }, '‹');
  const after = element('button', { type: 'button', 'aria-label': 'next page', onclick: turn(1) }, '›');
  const where = element('span', {});
  const sizes = element(
    'select',
    {
      'aria-label': 'runs a page',
      onchange() {
        [size, page] = [Number(sizes.value), 0];
        keep('size', size);
        draw();
      },
    },
    ...PAGE_SIZES.map((each) => element('option', { value: each }, `${each} a page`)),
  );
  sizes.value = String(size);
  const tools = element('div', { class: 'rt-tools' }, input, marked, wrong, count, line, element('span', { class: 'rt-space' }), live, none, menu.element);
  const pages = element('nav', { class: 'rt-tools rt-pages', 'aria-label': 'pages of runs' }, before, where, after, element('span', { class: 'rt-space' }), sizes);
  const hint = element('div');
  const view = element('div', {}, hint, table.element);
  const card = new Card('Runs', tools, view, pages);

  /** @param {string} key @param {() => Node} make */
  function hintAt(key, make) {
    if (hint.dataset.key === key) return;
    hint.dataset.key = key;
    hint.replaceChildren(...(key ? [make()] : []));
  }

  function draw() {
    last = performance.now();
    const now = Date.now();
    const all = [...catalogue.rows.values()];
    const { columns, shown: common } = columnsOf(all);
    const matching = narrowing.matching;
    // Where the filter finds some, what tells those apart is shown; of another project's runs that may be something else.
    const shown = matching.length > 0 && matching.length < all.length ? columnsOf(matching).shown : common;
    const wanted = [...columns.values()].filter(({ key }) => (chosen ?? shown).has(key));
    const order = columns.get(sort) ?? /** @type {import('./columns.js').Column} */ (columns.get('start'));
    const found = sorted(narrowing.found, order, down, now);
    page = Math.max(0, Math.min(page, Math.ceil(found.length / size) - 1));
    const [from, to] = [page * size, Math.min(found.length, (page + 1) * size)];
    table.draw({ rows: found.slice(from, to), columns: wanted, sort, down, now });
    menu.draw([...columns.values()].filter(({ key }) => key !== 'name'), chosen ?? shown);

    const faults = narrowing.wrong.join(' ');
    say(wrong, faults);
    wrong.hidden = !faults;
    input.setAttribute('aria-invalid', String(faults !== ''));
    const training = all.filter((row) => catalogue.stateOf(row) === 'training').length;
    const share = found.length === all.length ? '' : `${found.length} of `;
    say(count, all.length ? `${share}${all.length} ${all.length === 1 ? 'run' : 'runs'}${training ? `, ${training} training` : ''}` : '');
    say(where, found.length ? `${from + 1}–${to} of ${found.length}` : '');
    before.disabled = page === 0;
    after.disabled = to >= found.length;
    marked.hidden = narrowing.brush === null;
    live.hidden = selection.chosen === null;
    none.hidden = selection.ticked.length === 0;
    for (const part of [tools, table.element]) part.hidden = all.length === 0;
    pages.hidden = all.length <= PAGE_SIZES[0];
    drawHint(all.length, found.length);
  }

  const isAway = () => connection.state === 'down' || connection.state === 'connecting';

  /** @param {number} all @param {number} found */
  function drawHint(all, found) {
    const away = isAway();
    say(line, away && all > 0 ? 'The backend is away; this page goes on when it is back.' : '');
    if (all > 0) hintAt(found > 0 ? '' : narrowing.brush ? 'marked' : 'match', narrowing.brush ? hints.noneMarked : hints.noMatch);
    else if (connection.state === 'signed-out') hintAt('', hints.reading);
    else if (away && !patient && strangers === 0) hintAt('backend', () => hints.noBackend(connection.location));
    else if (away && strangers > 1) hintAt('stranger', () => hints.noEntry(connection.location));
    else if (catalogue.ready && !away) hintAt('runs', () => hints.noRuns(connection.location));
    else hintAt('reading', hints.reading);
  }

  function schedule() {
    if (due) return;
    due = window.setTimeout(() => {
      due = 0;
      draw();
    }, Math.max(0, EACH - (performance.now() - last)));
  }

  catalogue.subscribe(schedule);
  selection.subscribe(schedule);
  narrowing.subscribe(() => {
    // What is brushed stands below: it would move away from under the pointer if the table became shorter.
    view.style.minHeight = narrowing.brush ? view.style.minHeight || `${view.offsetHeight}px` : '';
    schedule();
  });
  connection.subscribe(schedule);
  async function look() {
    strangers = isAway() && catalogue.rows.size === 0 && (await connection.answers()) ? strangers + 1 : 0;
    patient = false;
    schedule();
  }
  setTimeout(look, PATIENCE);
  setInterval(() => document.hidden || look(), AGAIN);
  setInterval(() => document.hidden || schedule(), 1000); // durations grow, and signs of life fail to come
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || /INPUT|TEXTAREA|SELECT/.test(document.activeElement?.tagName ?? '')) return;
    event.preventDefault();
    input.focus();
  });
  return card;
}
