// Which runs the table shows: those that fit what was typed, and of them those that were brushed elsewhere on the page.
import { filterOf, unknownAmong } from './filter.js';

/** @typedef {import('./facts.js').Row} Row */

export class Narrowing {
  /** @param {import('./catalogue.js').Catalogue} catalogue */
  constructor(catalogue) {
    this.catalogue = catalogue;
    this.filter = filterOf('');
    /** @type {((row: Row) => boolean) | null} */
    this.brush = null;
    /** @type {(() => void)[]} */
    this.listeners = [];
  }

  /** The runs that fit what was typed. */
  get matching() {
    return [...this.catalogue.rows.values()].filter((row) => this.filter.holds(row, this.catalogue.stateOf(row)));
  }

  /** Those of them that are brushed; all where nothing is. */
  get found() {
    const { brush, matching } = this;
    return brush ? matching.filter(brush) : matching;
  }

  /** What is wrong in what was typed, in a sentence each. */
  get wrong() {
    return [...this.filter.wrong, ...unknownAmong(this.filter.names, [...this.catalogue.rows.values()])];
  }

  /** @param {() => void} listener called when something else is typed or brushed; what runs do, the catalogue tells */
  subscribe(listener) {
    this.listeners.push(listener);
  }

  /** @param {string} text */
  type(text) {
    this.filter = filterOf(text);
    this.listeners.forEach((listener) => listener());
  }

  /** @param {((row: Row) => boolean) | null} brush null: nothing is brushed any more */
  brushTo(brush) {
    this.brush = brush;
    this.listeners.forEach((listener) => listener());
  }
}
