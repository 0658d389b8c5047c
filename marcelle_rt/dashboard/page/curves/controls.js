// What a reader can set for all curves; all but the metrics that are looked for is kept over a reload.
import { element, say } from '../dom.js';
import { between, flag, keep, oneOf, recall } from '../kept.js';

const AXES = ['epoch', 'step', 'time'];

/**
 * @param {(settings: import('./lines.js').Settings & { word: string }) => void} onChange
 */
export function curveControls(onChange) {
  const find = element('input', { type: 'search', class: 'rt-find', placeholder: 'Find a metric', 'aria-label': 'find a metric', oninput: change });
  const slider = element('input', { type: 'range', min: 0, max: 0.99, step: 0.01, value: 0, 'aria-label': 'smoothing', oninput: change });
  const shown = element('output', {}, '0');
  const log = element('input', { type: 'checkbox', onchange: change });
  const axis = element(
    'select', { 'aria-label': 'x axis', onchange: change },
    element('option', { value: 'epoch' }, 'by epoch'), element('option', { value: 'step' }, 'by step'), element('option', { value: 'time' }, 'by time'),
  );

  slider.value = String(recall('smoothing', between(0, 0.99), 0));
  log.checked = recall('log', flag, false);
  axis.value = recall('axis', oneOf(AXES), 'epoch');
  say(shown, slider.value);

  const read = () => ({
    word: find.value.trim(),
    smooth: Number(slider.value),
    log: log.checked,
    axis: /** @type {import('./series.js').Axis} */ (axis.value),
  });

  function change() {
    say(shown, slider.value);
    const settings = read();
    keep('smoothing', settings.smooth);
    keep('log', settings.log);
    keep('axis', settings.axis);
    onChange(settings);
  }

  return {
    element: element(
      'div', { class: 'rt-tools' },
      find, element('label', {}, 'Smoothing', slider, shown), element('label', {}, log, 'Log scale'), axis,
    ),
    read,
  };
}
