// How a chart is read without a pointer or without its colors: its key, what is said of it, and the steps of the arrow keys.
import { element } from '../dom.js';
import { number } from '../text.js';

/** @typedef {import('./chart.js').Line} Line */

const MOST_SAID = 8;

/** @param {Line[]} lines */
const clear = (lines) => lines.filter(({ faint, curve }) => !faint && curve.x.length > 0);

/**
 * Says which of a chart's lines are what, where they are of several kinds, and why none is seen.
 * @param {HTMLElement} place
 * @param {Line[]} lines
 * @param {boolean} log whether it has a logarithmic axis
 */
export function drawKey(place, lines, log) {
  if (lines.length > 0 && clear(lines).length === 0) {
    place.hidden = false;
    place.textContent = log ? 'none of its values is above zero, as a log scale needs' : 'none of its values is a number';
    return;
  }
  const kinds = new Map(lines.filter(({ faint }) => !faint).map((line) => [line.what, line]));
  const dashed = [...kinds.values()].filter((line) => line.dashed);
  const names = [...kinds.values()].map(({ what, color }) => [element('span', { class: 'rt-swatch', style: `background: ${color}` }), what]);
  const told = [
    ...(kinds.size < 2 ? [] : dashed.length > 0 ? [[`dashed: ${dashed.map(({ what }) => what).join(', ')}`]] : names),
    ...(lines.some(({ curve }) => curve.lost?.length) ? [['▲ no number']] : []),
  ];
  place.hidden = told.length === 0;
  place.replaceChildren(...told.map((parts) => element('span', {}, ...parts)));
}

/**
 * A chart in words: where its lines have come to.
 * @param {string} title
 * @param {string} unit
 * @param {Line[]} lines
 */
export function spoken(title, unit, lines) {
  const all = clear(lines);
  const ends = all.slice(0, MOST_SAID).map(({ label, curve }) => `${label} ${number(curve.y[curve.y.length - 1])} at ${number(curve.x[curve.x.length - 1])}${withoutNumber(curve)}`);
  const more = all.length > MOST_SAID ? [`${all.length - MOST_SAID} more`] : [];
  return `${title} by ${unit}: ${[...ends, ...more].join(', ')}. The arrow keys read its values.`;
}

/** Which places of a curve have no number, in words. @param {import('./series.js').Curve} curve */
const withoutNumber = ({ lost = [] }) => (lost.length ? `, no number at ${lost.map(stretch).join(', ')}` : '');

/** @param {import('./marks.js').Lost} lost */
export const stretch = ({ from, to }) => (from === to ? number(from) : `${number(from)} to ${number(to)}`);

/**
 * Where a key goes from a place on the x axis; undefined: it goes nowhere.
 * @param {Line[]} lines
 * @param {number | null} from null: nowhere yet
 * @param {string} key
 */
export function stepped(lines, from, key) {
  if (!['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(key)) return undefined;
  const places = [...new Set(clear(lines).flatMap(({ curve: { x, lost = [] } }) => [...x, ...lost.map((each) => each.from)]))].sort((a, b) => a - b);
  if (key === 'Home') return places[0];
  if (key === 'End' || from === null) return places[places.length - 1];
  return key === 'ArrowRight' ? places.find((x) => x > from) ?? from : places.reverse().find((x) => x < from) ?? from;
}
