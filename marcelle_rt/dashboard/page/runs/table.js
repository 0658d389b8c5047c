// The table of runs: rows stay the same elements while their values change, so that a click or the keyboard never misses.
import { arrange, element, say } from '../dom.js';

/**
 * @typedef {import('./facts.js').Row} Row
 * @typedef {import('./columns.js').Column} Column
 * @typedef {{ row: HTMLTableRowElement, box: HTMLInputElement, swatch: HTMLElement, name: HTMLAnchorElement, state: HTMLElement, bar: HTMLElement, cells: Map<string, HTMLTableCellElement> }} Line
 * @typedef {{ onTick: (ids: string[], on: boolean) => void, onSort: (key: string) => void, onOpen: (id: string) => void }} Acts
 * @typedef {{ rows: Row[], columns: Column[], sort: string, down: boolean, now: number }} View
 */

export class Table {
  /**
   * @param {import('./catalogue.js').Catalogue} catalogue
   * @param {import('./selection.js').Selection} selection
   * @param {Acts} acts
   */
  constructor(catalogue, selection, acts) {
    this.catalogue = catalogue;
    this.selection = selection;
    this.acts = acts;
    /** @type {Map<string, Line>} */
    this.lines = new Map();
    this.all = element('input', { type: 'checkbox', 'aria-label': 'tick all on this page', onchange: () => this.tickAll() });
    this.head = element('tr');
    this.body = element('tbody', { onkeydown: (/** @type {KeyboardEvent} */ event) => this.walk(event) });
    this.element = element('div', { class: 'rt-scroll' }, element('table', { class: 'rt-table' }, element('thead', {}, this.head), this.body));
    this.headed = '';
    /** @type {Row[]} */
    this.shown = [];
  }

  /** @param {View} view */
  draw({ rows, columns, sort, down, now }) {
    this.shown = rows;
    this.drawHead(columns, sort, down);
    const ids = new Set(rows.map(({ id }) => id));
    for (const id of this.lines.keys()) if (!ids.has(id)) this.lines.delete(id);
    arrange(this.body, rows.map((row) => this.drawLine(row, columns, now)));
    const ticked = rows.filter(({ id }) => this.selection.has(id)).length;
    this.all.checked = ticked > 0 && ticked === rows.length;
    this.all.indeterminate = ticked > 0 && ticked < rows.length;
  }

  /** @param {Column[]} columns @param {string} sort @param {boolean} down */
  drawHead(columns, sort, down) {
    const headed = JSON.stringify([columns.map(({ key, numeric }) => [key, numeric]), sort, down]);
    if (headed === this.headed) return;
    this.headed = headed;
    const focused = document.activeElement?.closest('th')?.dataset.key;
    const cells = columns.map(({ key, title, numeric }) => {
      const order = key === sort ? (down ? 'descending' : 'ascending') : null;
      const button = element('button', { type: 'button', onclick: () => this.acts.onSort(key) }, title);
      return element('th', { scope: 'col', class: numeric ? 'rt-number' : null, 'aria-sort': order, 'data-key': key }, button);
    });
    this.head.replaceChildren(element('th', { class: 'rt-tick' }, this.all), ...cells);
    if (focused) /** @type {HTMLElement | null} */ (this.head.querySelector(`[data-key="${CSS.escape(focused)}"] button`))?.focus();
  }

  /** @param {Row} row @param {Column[]} columns @param {number} now */
  drawLine(row, columns, now) {
    const line = this.lines.get(row.id) ?? this.newLine(row.id);
    const state = this.catalogue.stateOf(row);
    const ticked = this.selection.has(row.id);
    line.box.checked = ticked;
    line.box.setAttribute('aria-label', `compare ${row.name}`);
    line.swatch.style.background = ticked ? this.selection.color(row.id) : '';
    line.row.dataset.state = state;
    say(line.name, row.name);
    say(line.state, this.catalogue.wordFor(row));
    line.state.title = row.error || row.reason || (state === 'silent' ? 'It gives no sign of life: its program may have been killed.' : '');
    line.bar.style.width = state === 'training' && row.planned ? `${Math.min(100, (100 * row.done) / row.planned)}%` : '0';
    for (const key of line.cells.keys()) if (!columns.some((column) => column.key === key)) line.cells.delete(key);
    const cells = columns.map((column) => {
      const cell = line.cells.get(column.key) ?? this.newCell(line, column);
      if (column.key !== 'name') say(cell, column.text(row, now));
      cell.classList.toggle('rt-number', column.numeric);
      return cell;
    });
    arrange(line.row, [/** @type {Node} */ (line.box.closest('td')), ...cells]);
    return line.row;
  }

  /** @param {string} id @returns {Line} */
  newLine(id) {
    const box = element('input', { type: 'checkbox', onchange: () => this.acts.onTick([id], box.checked) });
    const swatch = element('span', { class: 'rt-swatch' });
    const name = element('a', {
      href: `?run=${encodeURIComponent(id)}#run`,
      onclick: (/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.acts.onOpen(id);
      },
    });
    const tick = element('td', { class: 'rt-tick' }, element('label', {}, box, swatch));
    const line = {
      row: element('tr', {}, tick), box, swatch, name,
      state: element('span', { class: 'rt-state' }), bar: element('span', { class: 'rt-bar' }), cells: new Map(),
    };
    this.lines.set(id, line);
    return line;
  }

  /** @param {Line} line @param {Column} column */
  newCell(line, column) {
    const cell = element('td');
    if (column.key === 'name') {
      cell.className = 'rt-name';
      cell.append(element('span', { class: 'rt-named' }, line.name, line.state), line.bar);
    }
    line.cells.set(column.key, cell);
    return cell;
  }

  tickAll() {
    this.acts.onTick(this.shown.map(({ id }) => id), this.all.checked);
  }

  /** The arrow keys go from row to row. @param {KeyboardEvent} event */
  walk(event) {
    const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key];
    const row = /** @type {HTMLElement} */ (event.target).closest('tr');
    const next = step && row && /** @type {HTMLElement | null} */ (/** @type {any} */ (row)[step]);
    if (!next) return;
    event.preventDefault();
    const kind = /** @type {HTMLElement} */ (event.target).tagName.toLowerCase();
    /** @type {HTMLElement | null} */ (next.querySelector(kind))?.focus();
  }
}
