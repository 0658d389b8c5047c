// The run whose page is open: its row and its document, as they change.
import { onOpenedRun } from '../route.js';

/**
 * @typedef {import('../runs/facts.js').Document} Document
 * @typedef {import('../runs/facts.js').Row} Row
 */

export class OpenedRun {
  /** @param {import('../runs/catalogue.js').Catalogue} catalogue */
  constructor(catalogue) {
    this.catalogue = catalogue;
    this.id = '';
    /** @type {(() => void)[]} */
    this.listeners = [];
    onOpenedRun((id) => {
      this.id = id;
      catalogue.hold('opened', new Set(id ? [id] : []));
      this.tell();
    });
    catalogue.subscribe((changed) => {
      if (changed.has(this.id) || !this.row) this.tell();
    });
  }

  get row() {
    return this.catalogue.rows.get(this.id);
  }

  get document() {
    return this.catalogue.documents.get(this.id);
  }

  /** For the card of curves, which draws ticked runs: this one is. */
  get ticked() {
    return this.id ? [this.id] : [];
  }

  /** @param {() => void} listener called when the run changes, when another is opened, and now */
  subscribe(listener) {
    this.listeners.push(listener);
    listener();
  }

  tell() {
    this.listeners.forEach((listener) => listener());
  }
}
