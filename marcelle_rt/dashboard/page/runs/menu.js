// The menu in which the table's columns are chosen.
import { element } from '../dom.js';

/** @typedef {import('./columns.js').Column} Column */

/** @param {(keys: Set<string>) => void} onChoose */
export function columnMenu(onChoose) {
  const search = element('input', { type: 'search', placeholder: 'Find a column', 'aria-label': 'find a column', oninput: () => narrow() });
  const list = element('div', { class: 'rt-menu-list' });
  const panel = element('details', { class: 'rt-menu' }, element('summary', {}, 'Columns'), element('div', { class: 'rt-menu-box' }, search, list));
  /** @type {Set<string>} */
  let shown = new Set();
  let drawn = '';

  function narrow() {
    const word = search.value.toLowerCase();
    for (const entry of list.children) {
      /** @type {HTMLElement} */ (entry).hidden = !entry.textContent?.toLowerCase().includes(word);
    }
  }
  document.addEventListener('click', (event) => {
    if (!panel.contains(/** @type {Node} */ (event.target))) panel.open = false;
  });
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    panel.open = false;
    panel.querySelector('summary')?.focus();
  });

  return {
    element: panel,
    /** @param {Column[]} columns @param {Set<string>} now */
    draw(columns, now) {
      shown = now;
      const keys = columns.map(({ key }) => key).join('\n');
      if (keys !== drawn) {
        drawn = keys;
        list.replaceChildren(
          ...columns.filter(({ key }) => key !== 'name').map(({ key, title }) => {
            const box = element('input', {
              type: 'checkbox',
              'data-key': key,
              onchange() {
                const next = new Set(shown);
                if (box.checked) next.add(key);
                else next.delete(key);
                onChoose(next);
              },
            });
            return element('label', {}, box, title);
          }),
        );
        narrow();
      }
      for (const box of list.querySelectorAll('input')) box.checked = shown.has(box.dataset.key ?? '');
    },
  };
}
