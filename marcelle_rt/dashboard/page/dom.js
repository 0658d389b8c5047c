// Elements of a page, made from text that may come from others: it is always text, and never HTML.

/**
 * @typedef {Node | string | number | null | undefined | false} Child What can stand in an element.
 * @typedef {Record<string, unknown>} Options Attributes; a function is a listener (`onclick`), `class` the class.
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Options} [options]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') {
      node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (name === 'value') {
      /** @type {HTMLInputElement} */ (/** @type {unknown} */ (node)).value = String(value);
    } else {
      node.setAttribute(name, value === true ? '' : String(value));
    }
  }
  node.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child || child === 0).map(nodeOf)));
  return node;
}

/** @param {Child} child */
const nodeOf = (child) => (child instanceof Node ? child : String(child));

/**
 * A name that breaks over lines at its signs rather than within a word: `learning_` and `rate`.
 * @param {string} name
 * @returns {(string | HTMLElement)[]}
 */
export const breakable = (name) => name.split(/(?<=[_./:-])/).flatMap((part, place) => (place ? [element('wbr'), part] : [part]));

/**
 * Sets a text where it differs, so that what is selected or pointed at stays as it is.
 * @param {Node} node
 * @param {string} text
 */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Puts children in order, moving as few as needed.
 * @param {Element} parent
 * @param {Node[]} children
 */
export function arrange(parent, children) {
  children.forEach((child, place) => {
    if (parent.childNodes[place] !== child) parent.insertBefore(child, parent.childNodes[place] ?? null);
  });
  while (parent.childNodes.length > children.length) parent.lastChild?.remove();
}
