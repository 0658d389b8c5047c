// The menu in which a table's columns are chosen, or the axes of a chart.
import { element } from '../dom.js';

/** @typedef {{ key: string, title: string }} Choice */

/**
 * @param {string} title
 * @param {string} find what the field says in which one is looked for
 * @param {(keys: Set<string>) => void} onChoose
 */
export function choiceMenu(title, find, onChoose) {
  const search = element('input', { type: 'search', placeholder: find, 'aria-label': find.toLowerCase(), oninput: () => narrow() });
  const list = element('div', { class: 'rt-menu-list' });
  const panel = element('details', { class: 'rt-menu' }, element('summary', {}, title), element('div', { class: 'rt-menu-box' }, search, list));
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
    /** @param {Choice[]} choices @param {Set<string>} now */
    draw(choices, now) {
      shown = now;
      const keys = choices.map(({ key }) => key).join('\n');
      if (keys !== drawn) {
        drawn = keys;
        list.replaceChildren(
          ...choices.map(({ key, title: label }) => {
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
            return element('label', {}, box, label);
          }),
        );
        narrow();
      }
      for (const box of list.querySelectorAll('input')) box.checked = shown.has(box.dataset.key ?? '');
    },
  };
}
