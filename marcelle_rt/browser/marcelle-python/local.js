// The model that Python has published, in this page.
import { createStream, tfjsModel } from '@marcellejs/core';
import { EVENTS, idOf, tidy } from './line.js';

const SERVICE = 'tfjs-models';

/** Whether all numbers in something, however deep they lie, are there and finite. */
function isFinite(x) {
  if (typeof x === 'number') return Number.isFinite(Math.fround(x)); // models calculate with 32 bits
  if (x instanceof ImageData || typeof x === 'string') return true;
  if (Array.isArray(x) || ArrayBuffer.isView(x)) return Array.prototype.every.call(x, isFinite);
  return x !== null && x !== undefined && (typeof x !== 'object' || Object.values(x).every(isFinite));
}

/** Loads each version beside the one that predicts, one after the other; the last that was asked for wins. */
export class LocalModel {
  $model = createStream(null, true); // what is stored of the version that predicts
  $problem = createStream('', true);
  #id = null;
  #wanted = null;
  #network = null;

  constructor(store, name) {
    this.store = store;
    this.name = name;
    this.$model.start();
    this.$problem.start();
    for (const event of EVENTS) store.service(SERVICE).on(event, (model) => this.#changed(tidy(model)));
  }

  #changed(model) {
    if (model.id === this.#id || (this.#id === null && model.name === this.name)) this.#load(model.id);
  }

  /** The published model of an earlier training. */
  async find() {
    const query = { name: this.name, $sort: { updatedAt: -1 }, $limit: 1 };
    const { data } = await this.store.service(SERVICE).find({ query });
    if (data.length > 0) await this.follow(idOf(data[0]));
  }

  /** Follows the model of this id from now on. */
  async follow(id) {
    if (id !== this.#id) await this.#load(id);
  }

  async #load(id) {
    this.#id = id;
    const busy = this.#wanted !== null;
    this.#wanted = {};
    if (busy) return;
    let loaded = null;
    while (loaded !== this.#wanted) {
      loaded = this.#wanted;
      await this.#try(() => loaded === this.#wanted);
    }
    this.#wanted = null;
  }

  async #try(isLast) {
    const network = tfjsModel({ inputType: 'generic', taskType: 'generic' });
    try {
      const model = await network.load(this.store, this.#id);
      network.taskType = network.labels ? 'classification' : 'generic';
      this.#network?.dispose();
      this.#network = network;
      this.$problem.set('');
      this.$model.set(model);
    } catch (error) {
      network.dispose();
      // The files of a version that was replaced meanwhile are gone; the next one is on its way.
      if (isLast()) this.$problem.set(`The new model cannot be loaded: ${error.message}`);
    }
  }

  get ready() {
    return this.#network !== null;
  }

  async predict(x) {
    if (!isFinite(x)) throw new Error('An input with numbers that are missing, NaN or infinite has no prediction');
    this.#network.inputType = x instanceof ImageData ? 'image' : 'generic';
    const y = await this.#network.predict(x);
    if (!isFinite(y)) throw new Error(`What ${this.name} says of this input is not finite: it has NaN or infinity in it`);
    return y;
  }

  async download(metadata) {
    return this.#network.download(metadata);
  }
}
