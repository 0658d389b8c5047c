// The card in which a run's tags, group and notes are edited, and the run is removed.
import { Card } from '../card.js';
import { element, say } from '../dom.js';
import { removeRun } from './removal.js';

/**
 * @param {import('../connection.js').Connection} connection
 * @param {import('./opened.js').OpenedRun} opened
 */
export function notesCard(connection, opened) {
  const runs = connection.store.service('runs');
  const tags = element('div', { class: 'rt-legend' });
  const tag = element('input', { type: 'text', placeholder: 'Add a tag', 'aria-label': 'add a tag', onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === 'Enter' && add() });
  const groups = element('datalist', { id: 'rt-groups' });
  const group = element('input', {
    type: 'text', list: groups.id, 'aria-label': 'group', placeholder: 'None', onfocus: suggest, onchange: () => save({ group: group.value.trim() }),
  });
  const notes = element('textarea', { rows: 4, placeholder: 'Notes', 'aria-label': 'notes', onchange: () => save({ notes: notes.value }) });
  const said = element('span', { class: 'rt-count', role: 'status' });
  const remove = element('button', { type: 'button', class: 'rt-danger', onclick: ask }, 'Remove this run');
  const really = element('button', { type: 'button', class: 'rt-danger', onclick: go }, 'Really remove it, with its files');
  const keep = element('button', { type: 'button', onclick: () => sure(false) }, 'Keep it');
  const card = new Card('Notes', tags, tag, element('label', { class: 'rt-field' }, 'Group', group), groups, notes, said, element('div', { class: 'rt-tools rt-remove' }, remove, really, keep));
  let of = '';
  let drawn = '';

  /** @param {Record<string, unknown>} change */
  async function save(change) {
    try {
      await runs.patch(opened.id, change);
      say(said, 'Saved.');
    } catch (error) {
      say(said, `Not saved: ${/** @type {Error} */ (error).message}`);
    }
  }

  function add() {
    const [name, known] = [tag.value.trim(), opened.row?.tags ?? []];
    tag.value = '';
    if (name && !known.includes(name)) save({ tags: [...known, name] });
  }

  /** Groups that other runs are in. */
  function suggest() {
    const known = new Set([...opened.catalogue.rows.values()].map((row) => row.group).filter(Boolean));
    groups.replaceChildren(...[...known].sort().map((name) => element('option', { value: name })));
  }

  /** @param {boolean} asked */
  function sure(asked) {
    remove.hidden = asked;
    really.hidden = keep.hidden = !asked;
  }

  function ask() {
    sure(true);
    keep.focus();
  }

  async function go() {
    const run = opened.document;
    if (!run) return;
    try {
      await removeRun(connection.store, run);
      window.location.href = '#';
    } catch (error) {
      say(said, `Not all of it was removed: ${/** @type {Error} */ (error).message}`);
      sure(false);
    }
  }

  opened.subscribe(() => {
    const { row } = opened;
    card.show(row !== undefined);
    if (!row) return;
    if (of !== row.id) {
      of = row.id;
      say(said, '');
      sure(false);
      notes.value = row.notes;
      group.value = row.group;
    }
    if (document.activeElement !== notes) notes.value = row.notes;
    if (document.activeElement !== group) group.value = row.group;
    const text = JSON.stringify(row.tags);
    if (text === drawn) return;
    drawn = text;
    tags.replaceChildren(
      ...row.tags.map((name) =>
        element('button', { type: 'button', title: 'Take this tag away', onclick: () => save({ tags: (opened.row?.tags ?? []).filter((each) => each !== name) }) }, name, ' ×'),
      ),
    );
  });
  return card;
}
