// A run of a training in Python, as Marcelle's components know trainings.
import { Component, createStream } from '@marcellejs/core';
import { command, follow } from './documents.js';
import { linkOf } from './line.js';

const FIRST = ['loss', 'lossVal', 'acc', 'accVal']; // stock plots stop at the first name that they don't know

/** Keras' name of a metric as Marcelle's components know it. */
function marcelleName(name) {
  const short = name.replace(/^val_/, '').replace(/^accuracy$/, 'acc');
  return name.startsWith('val_') ? `${short}Val` : short;
}

/** A run's metrics by Marcelle's names, in an order that stock plots take. */
export function metricsOf(run) {
  const named = Object.entries(run.logs ?? {}).map(([name, values]) => [marcelleName(name), values]);
  const place = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return named.sort((one, other) => place(one[0]) - place(other[0]));
}

/** To be watched and steered. */
export class PythonRun extends Component {
  title = 'Python run';
  $run = createStream(null, true);
  $training = createStream({ status: 'idle' }, true);
  #told = 0; // epochs that `$training` was told, each of them once

  constructor(store, id) {
    super();
    this.store = store;
    this.target = { runId: id };
    this.start();
    const removed = () => this.$training.set({ status: 'error', data: new Error('The run was removed') });
    this.followed = follow(store, 'runs', id, (run) => this.#take(run), removed);
    linkOf(store).opened.then(this.followed.read);
  }

  #take(run) {
    const { epochs, status, error } = run;
    if (!this.$run.get()) this.$training.set({ status: 'start', epochs });
    this.$run.set(run);
    const metrics = metricsOf(run);
    const count = Math.max(0, ...metrics.map(([, values]) => values.length));
    for (; this.#told < count; this.#told += 1) {
      const data = Object.fromEntries(metrics.map(([name, values]) => [name, values[this.#told] ?? null]));
      this.$training.set({ status: 'epoch', epoch: this.#told + 1, epochs, data });
    }
    if (status === 'success') this.$training.set({ status, data: Object.fromEntries(metrics) });
    if (status === 'error') this.$training.set({ status, data: new Error(error || 'The run failed') });
  }

  stop() {
    return command(this.store, this.target, 'stop');
  }

  set(name, value) {
    return command(this.store, this.target, 'set', { [name]: value });
  }

  checkpoint() {
    return command(this.store, this.target, 'checkpoint');
  }

  mount() {} // Marcelle's own components show a run

  dispose() {
    this.followed.stop();
    this.destroy();
    super.stop(); // Marcelle's own `stop`, of the streams; that of this class ends the training
  }
}
