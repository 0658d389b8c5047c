// A chart of one metric of all runs on show: solid for training, dashed for validation, a colour a run.
import { createStream, genericChart } from './marcelle.js';

const COLOURS = ['#3182ce', '#dd6b20', '#38a169', '#805ad5', '#d53f8c', '#718096'];
const MOST_POINTS = 1000;

// At most MOST_POINTS points, the last one among them.
function points(values) {
  const step = Math.ceil(values.length / MOST_POINTS);
  return values
    .map((y, i) => ({ x: i + 1, y }))
    .filter(({ x }) => (values.length - x) % step === 0);
}

export function liveChart(runs, title, ...metrics) {
  const chart = genericChart({
    preset: 'line-fast',
    options: {
      scales: {
        x: { type: 'linear', min: 1, ticks: { precision: 0 }, title: { display: true, text: 'epoch' } },
      },
      plugins: { legend: { position: 'bottom', labels: { boxHeight: 0, boxWidth: 28 } } },
    },
  });
  chart.title = title;

  let drawn = '';
  let streams = new Map();

  const seriesOf = (shown) =>
    shown.flatMap((run, i) =>
      metrics
        .filter((metric) => run.logs?.[metric]?.length > 0)
        .map((metric) => ({
          key: `${run.id} ${metric}`,
          label: shown.length > 1 ? `${run.name} ${metric}` : metric,
          values: run.logs[metric],
          colour: COLOURS[(i + (shown.length > 1 ? 0 : metrics.indexOf(metric))) % COLOURS.length],
          dashed: metric !== metrics[0],
        })),
    );

  function rebuild(series) {
    streams = new Map(series.map(({ key, values }) => [key, createStream(points(values), true)]));
    chart.clear();
    // The chart builds itself anew when its number of series changes; an equal number would go unseen.
    requestAnimationFrame(() => {
      series.forEach(({ key, label, colour, dashed }) =>
        chart.addSeries(streams.get(key), label, {
          borderColor: colour,
          backgroundColor: colour,
          borderWidth: 2,
          borderDash: dashed ? [5, 4] : [],
        }),
      );
    });
  }

  runs.subscribe((shown) => {
    const series = seriesOf(shown);
    const keys = series.map(({ key, label }) => `${key} ${label}`).join('\n');
    if (keys !== drawn) {
      drawn = keys;
      rebuild(series);
    } else {
      series.forEach(({ key, values }) => streams.get(key).set(points(values)));
    }
  });

  return chart;
}
