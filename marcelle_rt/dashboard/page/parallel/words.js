// What the card of parallel coordinates says where there is nothing to draw: what to do next.

export const NO_METRIC = 'Nothing was logged yet. The lines end in the best value of a metric, and are colored by it, as soon as there is one.';

/**
 * Why nothing can be drawn, and the way out; an empty text: something can.
 * @param {{ rows: number, params: number, axes: number, scope: 'found' | 'ticked' }} there
 */
export function missing({ rows, params, axes, scope }) {
  if (rows === 0) return scope === 'ticked' ? 'No run is ticked. Tick some in the table.' : 'No run matches the filter. Change it above the table.';
  if (rows === 1) {
    return scope === 'ticked'
      ? 'One run is ticked. Tick others in the table to see by which parameters they differ.'
      : 'There is one run here. As soon as there are several, this shows which parameters led to which value.';
  }
  if (params === 0) {
    return `These ${rows} runs do not differ in any parameter. What is given to run_params is one: ` +
      'KerasCallback("my-model", run_params={"lr": 0.1}), or writer.create_run(run_params={"lr": 0.1}).';
  }
  return axes === 0 ? 'No parameter is chosen. Choose some under Axes.' : '';
}

/** @param {number} all @param {number} most that are drawn */
export const howToMark = (all, most) =>
  `${all > most ? `The newest ${most} of ${all} runs. ` : ''}Drag along an axis to mark runs; the table then shows only those.`;

/** @param {Error} error */
export const notLoaded = (error) => `What draws this could not be loaded (${error.message}). Close and open it again once the server of this page is there.`;
