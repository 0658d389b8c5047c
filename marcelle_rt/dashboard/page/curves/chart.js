// One chart of many curves, each with places of its own on the x axis, drawn by uPlot.
import uPlot from 'uplot';
import { element } from '../dom.js';
import { number } from '../text.js';
import { brokenPath, drawMarks, lostAt } from './marks.js';
import { drawKey, spoken, stepped, stretch } from './reading.js';
import { nearest } from './series.js';

/**
 * @typedef {object} Line
 * @property {string} key which line it is, whatever its values
 * @property {string} label
 * @property {string} what what it shows of its run, such as a metric
 * @property {string} color
 * @property {boolean} dashed
 * @property {boolean} faint what a smoothed line was made of
 * @property {import('./series.js').Curve} curve
 *
 * @typedef {{ log: boolean, unit: string }} Axes
 */

const HEIGHT = 220;
const MOST_TOLD = 8;
const REACH = 20; // pixels beyond a line's ends in which it is still pointed at
const CROWD = 40; // lines from which on they are thin: that many thick ones are a thicket, and slow to draw
/** Steps between the ticks of an axis that counts. */
const WHOLE = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** @param {string} name */
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Chart {
  /** @param {string} title */
  constructor(title) {
    this.place = element('div', {
      class: 'rt-plot', role: 'img', tabindex: 0, onkeydown: (/** @type {KeyboardEvent} */ event) => this.walk(event), onblur: () => this.point(null),
    });
    this.told = element('div', { class: 'rt-told', role: 'status', hidden: true });
    this.key = element('span', { class: 'rt-key' });
    this.element = element('figure', { class: 'rt-chart' }, element('figcaption', {}, title), this.key, this.place, this.told);
    this.title = title;
    /** Which place on the x axis the keyboard points at. @type {number | null} */
    this.pointed = null;
    /** @type {Line[]} */
    this.lines = [];
    /** @type {uPlot | null} */
    this.plot = null;
    this.built = '';
    this.zoomed = false;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.place);
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.repaint = () => this.plot?.redraw();
    this.scheme.addEventListener('change', this.repaint);
  }

  /** @param {Line[]} lines @param {Axes} axes */
  draw(lines, axes) {
    this.lines = lines;
    this.axes = axes;
    this.place.setAttribute('aria-label', spoken(this.title, axes.unit, lines));
    const built = JSON.stringify([axes, lines.map(({ key, color, dashed, faint, curve }) => [key, color, dashed, faint, curve.x.length > 0])]);
    if (!this.plot || built !== this.built) {
      this.built = built;
      drawKey(this.key, lines, axes.log);
      this.build();
      return;
    }
    this.plot.setData(/** @type {any} */ (this.data()), !this.zoomed);
    if (this.zoomed) this.plot.redraw();
  }

  data() {
    return [null, ...this.lines.map(({ curve }) => [curve.x, curve.y])];
  }

  build() {
    const zoom = this.zoomed && this.plot ? { ...this.plot.scales.x } : null;
    this.plot?.destroy();
    this.plot = null;
    if (!this.axes || this.lines.length === 0 || this.place.clientWidth === 0) return;
    const { log, unit } = this.axes;
    const linear = uPlot.paths.linear?.();
    /** @type {(plot: uPlot, place: number, from: number, to: number) => unknown} */
    const paths = (plot, place, from, to) => {
      const { curve } = this.lines[place - 1];
      return dotOf(plot, place) ?? (curve.lost?.length ? brokenPath(plot, curve) : linear?.(plot, place, from, to)) ?? null;
    };
    const axis = {
      stroke: () => style('--rt-quiet'),
      grid: { stroke: () => style('--rt-rule'), width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    };
    /** @type {any} */
    const options = {
      mode: 2,
      width: this.place.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      padding: [8, 12, 0, 0],
      scales: { x: { time: false, range: (/** @type {uPlot} */ _plot, /** @type {number | null} */ min, /** @type {number | null} */ max) => rangeX(min, max, this.lines) }, y: log ? { distr: 3 } : {} },
      cursor: { drag: { x: true, y: false, uni: 10 }, points: { show: false }, sync: { key: 'runs', setSeries: false } },
      axes: [
        { ...axis, label: unit, labelSize: 16, labelFont: axis.font, size: 28, ...(unit === 'seconds' ? {} : { incrs: WHOLE }) },
        { ...axis, size: 56, values: (/** @type {uPlot} */ _plot, /** @type {(number | null)[]} */ ticks) => ticks.map((tick) => (tick === null ? '' : number(tick))) },
      ],
      series: [{}, ...this.lines.map((line) => seriesOf(line, paths, this.lines.length >= CROWD))],
      hooks: {
        setSelect: [(/** @type {uPlot} */ plot) => void (this.zoomed = plot.select.width > 0)],
        draw: [(/** @type {uPlot} */ plot) => drawMarks(plot, this.lines)],
        setCursor: [(/** @type {uPlot} */ plot) => this.tell(plot)],
      },
    };
    this.plot = new uPlot(options, /** @type {any} */ (this.data()), this.place);
    this.plot.over.addEventListener('dblclick', () => this.zoomOut());
    if (zoom) this.plot.setScale('x', { min: /** @type {number} */ (zoom.min), max: /** @type {number} */ (zoom.max) });
  }

  zoomOut() {
    this.zoomed = false;
    this.plot?.setData(/** @type {any} */ (this.data()), true);
  }

  /** The arrow keys go from value to value, and Escape out of a zoom. @param {KeyboardEvent} event */
  walk(event) {
    const next = stepped(this.lines, this.pointed, event.key);
    if (next !== undefined) this.point(next);
    else if (event.key === 'Escape') this.zoomOut();
    else return;
    event.preventDefault();
  }

  /** Points at a place on the x axis, as the pointer does. @param {number | null} x */
  point(x) {
    this.pointed = x;
    if (!this.plot) return;
    this.plot.setCursor(x === null ? { left: -10, top: -10 } : { left: this.plot.valToPos(x, 'x'), top: 0 });
  }

  resize() {
    const width = this.place.clientWidth;
    if (!this.plot) this.build();
    else if (width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  /** Says which values lie at the pointer, the nearest first; what lines came to that end before it stands below. @param {uPlot} plot */
  tell(plot) {
    const { left, top } = plot.cursor;
    const here = left !== undefined && top !== undefined && left >= 0;
    // A cursor that another chart moves has no height here.
    const own = here && (this.pointed !== null || plot.over.matches(':hover'));
    this.told.hidden = !own;
    if (!own) return;
    const [x, y] = [this.pointed ?? plot.posToVal(left, 'x'), top];
    const reach = plot.posToVal(REACH, 'x') - plot.posToVal(0, 'x');
    const near = this.lines
      .filter(({ faint, curve }) => !faint && curve.x.length > 0 && x >= curve.x[0] - reach)
      .map((line) => {
        const place = nearest(line.curve.x, x);
        const lost = lostAt(line.curve.lost ?? [], x, line.curve.x[place]);
        const ended = !lost && x > line.curve.x[line.curve.x.length - 1] + reach;
        return { line, ended, lost, x: line.curve.x[place], y: line.curve.y[place] };
      })
      .sort((a, b) => Number(a.ended) - Number(b.ended) || Math.abs(plot.valToPos(a.y, 'y') - y) - Math.abs(plot.valToPos(b.y, 'y') - y));
    const rows = near.slice(0, MOST_TOLD).map(({ line, lost, x: at, y: value }) =>
      element(
        'div', {},
        element('span', { class: 'rt-swatch', style: `background: ${line.color}` }),
        element('b', {}, lost ? 'no number' : number(value)), element('span', {}, line.label),
        element('i', {}, `${this.axes?.unit} ${lost ? stretch(lost) : number(at)}`),
      ),
    );
    const more = near.length - rows.length;
    this.told.replaceChildren(...rows, ...(more > 0 ? [element('i', {}, `and ${more} more`)] : []));
    const right = left > plot.over.clientWidth / 2;
    this.told.style.left = right ? '' : `${left + 70}px`;
    this.told.style.right = right ? `${plot.over.clientWidth - left + 26}px` : '';
  }

  destroy() {
    this.observer.disconnect();
    this.scheme.removeEventListener('change', this.repaint);
    this.plot?.destroy();
    this.plot = null;
  }
}

/**
 * A curve of one value is a dot: a line needs two.
 * @param {uPlot} plot
 * @param {number} place
 * @returns {{ stroke: Path2D } | null}
 */
function dotOf(plot, place) {
  const [x, y] = /** @type {number[][]} */ (/** @type {unknown} */ (plot.data[place]));
  if (x.length !== 1) return null;
  const dot = new Path2D();
  dot.arc(plot.valToPos(x[0], 'x', true), plot.valToPos(y[0], 'y', true), 2 * devicePixelRatio, 0, 2 * Math.PI);
  return { stroke: dot };
}

/** @param {Line} line @param {unknown} paths @param {boolean} thin */
const seriesOf = ({ color, dashed, faint }, paths, thin) => ({
  facets: [{ scale: 'x', auto: true, sorted: 1 }, { scale: 'y', auto: true }],
  stroke: faint ? `color-mix(in srgb, ${color} 28%, transparent)` : color,
  width: faint || thin ? 1 : 1.6,
  dash: dashed ? [5, 4] : undefined,
  paths,
  points: { show: false },
  spanGaps: true,
});

/**
 * The x axis ends where the curves do, with what is lost at their ends; a single point stands in its middle.
 * @param {number | null} min
 * @param {number | null} max
 * @param {Line[]} lines
 */
function rangeX(min, max, lines) {
  if (min === null || max === null) return [0, 1];
  const end = lines.reduce((most, { curve }) => Math.max(most, curve.lost?.at(-1)?.to ?? most), max);
  return min === end ? [min - 0.5, end + 0.5] : [min, end];
}
