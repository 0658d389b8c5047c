// A card of Marcelle's look around any content; it keeps its content while its page is not shown.
import { Component } from '@marcellejs/core';
import { element } from './dom.js';

export class Card extends Component {
  /**
   * @param {string} title
   * @param {...import('./dom.js').Child} children
   */
  constructor(title, ...children) {
    super();
    this.title = title;
    this.content = element('div', { class: 'rt-card' }, ...children);
    this.start();
  }

  /** @param {HTMLElement | null} [target] */
  mount(target = document.getElementById(this.id)) {
    if (!target) return;
    this.destroy();
    const heading = this.title && element('h2', { class: 'rt-title' }, this.title);
    const view = element('section', { class: 'rt-section', 'aria-label': this.title || null }, heading, this.content);
    view.hidden = this.hidden;
    target.append(view);
    this.view = view;
  }

  /** Shows or hides the whole card. @param {boolean} shown */
  show(shown) {
    this.hidden = !shown;
    if (this.view) this.view.hidden = this.hidden;
  }

  destroy() {
    this.view?.remove();
    this.view = undefined;
  }

  hidden = false;

  /** @type {HTMLElement | undefined} */
  view = undefined;
}
