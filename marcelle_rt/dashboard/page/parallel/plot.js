// Parallel coordinates drawn by ECharts, which is loaded when they are first wanted: it is as large as a small program.
import { element } from '../dom.js';
import { number } from '../text.js';
import { goodness } from './axes.js';

/**
 * @typedef {import('./axes.js').Axis} Axis
 * @typedef {import('./brush.js').Stretch} Stretch
 * @typedef {import('../runs/facts.js').Row} Row
 * @typedef {{ rows: Row[], axes: Axis[], target: Axis | null }} Shown target: the axis that colors the lines; it is among the axes
 * @typedef {typeof import('echarts')} Library
 */

const HEIGHT = 340;
const NARROW = 620; // in this much width or less the axes lie below each other
const A_ROW = 66; // the height of each then
const CROWD = 60; // lines from which on they are thin

/** @param {string} name */
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @returns {Promise<Library>} */
export const loadLibrary = () => import('echarts');

export class ParallelPlot {
  /**
   * @param {Library} library
   * @param {HTMLElement} place it has a width
   * @param {(key: string, stretches: Stretch[]) => void} onBrush
   */
  constructor(library, place, onBrush) {
    this.library = library;
    this.place = place;
    this.chart = library.init(place);
    /** @type {Shown} */
    this.shown = { rows: [], axes: [], target: null };
    this.built = '';
    /** @type {number[]} the rows' places in the order in which they are drawn */
    this.order = [];
    this.chart.on('axisareaselected', (/** @type {any} */ event) => onBrush(String(event.parallelAxisId), event.intervals));
  }

  /**
   * @param {Shown} shown
   * @param {(axis: Axis) => Stretch[]} brushed
   */
  draw(shown, brushed) {
    this.shown = shown;
    const narrow = this.place.clientWidth <= NARROW;
    this.place.style.touchAction = narrow ? 'pan-y' : 'pan-x'; // a finger along an axis marks, and does not scroll
    const height = narrow ? A_ROW * shown.axes.length + 30 : HEIGHT;
    if (this.place.clientWidth !== this.chart.getWidth() || height !== this.chart.getHeight()) {
      this.place.style.height = `${height}px`;
      this.chart.resize();
    }
    const built = JSON.stringify([narrow, shown.target?.key, shown.axes.map(({ key, kind, names }) => [key, kind, names])]);
    const anew = built !== this.built;
    this.built = built;
    this.chart.setOption(this.option(narrow), anew);
    if (!anew) return;
    for (const axis of shown.axes) {
      const stretches = brushed(axis);
      if (stretches.length > 0) this.mark(axis.key, stretches);
    }
  }

  /** Marks stretches of an axis, as a pointer does. @param {string} key @param {Stretch[]} stretches */
  mark(key, stretches) {
    this.chart.dispatchAction({ type: 'axisAreaSelect', parallelAxisId: key, intervals: stretches }, { silent: true });
    this.chart.setOption({ parallelAxis: [{ id: key }] }); // what was marked from outside is seen at the next drawing
  }

  /** @param {boolean} narrow */
  option(narrow) {
    const { rows, axes, target } = this.shown;
    const [text, quiet] = [style('--rt-text'), style('--rt-quiet')];
    const ramp = ['--rt-worst', '--rt-middling', '--rt-best'].map(style);
    const good = target ? goodness(target) : rows.map(() => null);
    // The best lie above the others.
    this.order = rows.map((_, place) => place).sort((a, b) => (good[a] ?? -1) - (good[b] ?? -1));
    const room = narrow ? this.place.clientWidth : this.place.clientWidth / Math.max(1, axes.length);
    return {
      animation: false,
      textStyle: { fontFamily: 'system-ui, sans-serif' },
      parallel: {
        layout: narrow ? 'vertical' : 'horizontal',
        ...(narrow ? { left: 24, right: 24, top: 30, bottom: 30 } : { left: 70, right: 70, top: 40, bottom: 20 }),
        parallelAxisDefault: {
          nameMoveOverlap: false,
          ...(narrow ? { nameLocation: 'start', nameGap: 0 } : { nameLocation: 'end' }),
          nameTextStyle: {
            color: text, fontWeight: 500, textBorderColor: style('--rt-card'), textBorderWidth: 3,
            ...(narrow ? { align: 'left', verticalAlign: 'bottom', padding: [0, 0, 6, -6] } : {}),
          },
          axisLine: { lineStyle: { color: quiet } },
          axisTick: { lineStyle: { color: quiet } },
          axisLabel: { color: quiet, hideOverlap: true, textBorderColor: style('--rt-card'), textBorderWidth: 3 },
          z: 20,
          minorTick: { show: false },
          splitLine: { show: false },
          // ECharts takes these colors for marks that it draws again, whatever it is told.
          areaSelectStyle: { width: 14, color: '#cfd2d7', borderColor: 'rgba(234, 237, 245, 0.5)', borderWidth: 2, opacity: 1 },
        },
      },
      parallelAxis: axes.map((axis, dim) => this.axisOption(axis, dim, { narrow, room })),
      tooltip: {
        trigger: 'item', confine: true, backgroundColor: style('--rt-card'), borderColor: style('--rt-rule'),
        textStyle: { color: text, fontSize: 12 },
        formatter: (/** @type {any} */ { dataIndex }) => this.told(this.order[dataIndex]),
      },
      series: [{
        type: 'parallel', inactiveOpacity: 0.12, activeOpacity: 0.9, progressive: 0,
        lineStyle: { width: rows.length > CROWD ? 1.2 : 2, opacity: 0.75 },
        emphasis: { lineStyle: { width: 4, opacity: 1 } },
        data: this.order.map((place) => {
          const color = good[place] === null ? quiet : this.library.color.lerp(good[place], ramp);
          return { name: rows[place].name, value: axes.map(({ values }) => values[place] ?? NaN), lineStyle: { color } };
        }),
      }],
    };
  }

  /**
   * @param {Axis} axis
   * @param {number} dim
   * @param {{ narrow: boolean, room: number }} look room: the pixels that the axis has for its texts
   */
  axisOption({ key, title, kind, names }, dim, { narrow, room }) {
    return {
      id: key, dim, name: title, nameTruncate: { maxWidth: Math.max(40, room - 12) },
      type: kind === 'log' ? 'log' : 'value', scale: true,
      ...(kind === 'category' ? { min: -0.5, max: names.length - 0.5, axisTick: { customValues: Object.keys(names) } } : {}),
      axisLabel: {
        ...(kind === 'category' ? { customValues: Object.keys(names) } : {}),
        formatter: (/** @type {number} */ value) => (kind === 'category' ? names[value] ?? '' : number(value)),
        width: narrow ? undefined : Math.max(30, room - 26), overflow: 'truncate',
      },
      ...(key === this.shown.target?.key ? { nameTextStyle: { fontWeight: 700 }, axisLine: { lineStyle: { width: 3 } } } : {}),
    };
  }

  /** What is said of a run at the pointer. @param {number} place */
  told(place) {
    const { rows, axes } = this.shown;
    const facts = axes.map(({ title, kind, names, values }) => {
      const value = values[place];
      return [title, value === null ? '–' : kind === 'category' ? names[value] : number(value)];
    });
    return element(
      'div', { class: 'rt-parallel-told' }, element('b', {}, rows[place]?.name ?? ''),
      element('table', {}, ...facts.map(([title, value]) => element('tr', {}, element('th', {}, title), element('td', {}, value)))),
    );
  }
}
