// A model that Python trains: a Marcelle `Model`, for Marcelle's own components.
import { Model, createStream } from '@marcellejs/core';
import { command, giveUp, newJob, request } from './documents.js';
import { learn, valuesOf } from './form.js';
import { EVENTS, idOf, linkOf, publicLike, tidy } from './line.js';
import { LocalModel } from './local.js';
import { PythonRun, metricsOf } from './run.js';
import { ACTIVE, AWAY, nobodyFor, sentence, show } from './status.js';

export class PythonModel extends Model {
  serviceName = 'tfjs-models';
  parameters = {}; // streams, made of the task's signature as soon as a server tells it
  form = {}; // what `modelParameters` takes beside the model
  $task = createStream(null, true); // what a server that is there says of the task; null: nobody is there
  $job = createStream(null, true); // the training that goes on, or was the last
  $model = createStream(null, true); // the published model, with `local`, as soon as it predicts here
  $message = createStream('Connecting to the backend.', true); // one sentence for people
  #link;
  #local = null;
  #run = null;
  #submitted = null; // the job that this page has asked for
  #asking = null;
  #entered = ''; // what became of a number in the form that did not fit
  #since = 0; // the second in which the training's state began
  #found = Promise.resolve(); // whether there is a training from before a reload

  constructor(store, task, { local = false } = {}) {
    super();
    this.title = task;
    this.store = store;
    this.task = task;
    this.#link = linkOf(store);
    let known;
    const ready = new Promise((resolve) => {
      known = resolve;
    });
    // Marcelle's models have a flag of this name, which they raise by themselves.
    Object.defineProperty(this, 'ready', { get: () => ready, set: () => {} });
    this.start();
    const jobs = store.service('training-jobs');
    for (const event of EVENTS) jobs.on(event, (job) => this.#take(tidy(job)));
    jobs.on('removed', (job) => this.#isMine(job) && this.#end('cancelled', 'The training was withdrawn.'));
    if (local) {
      this.#local = new LocalModel(store, task);
      this.#local.$model.subscribe((model) => model && this.$model.set(model));
      this.#local.$problem.subscribe((problem) => (problem ? this.$message.set(problem) : this.#say()));
    }
    this.#link.$tasks.subscribe((tasks) => {
      const there = tasks.find((one) => one.task === task);
      if (there) learn(there.params ?? [], this.parameters, this.form, (entered) => this.#say(entered));
      this.$task.set(there ?? null);
      if (there) known();
      else this.#withdraw();
      this.#say();
    });
    const waits = () => ['queued', 'stopping'].includes(this.$job.get()?.state) || !this.#link.$up.get();
    this.#link.$second.subscribe(() => waits() && this.#say());
    this.#link.$up.subscribe((up) => {
      if (up) this.#found = this.#find();
      this.#say();
    });
  }

  get #goesOn() { return ACTIVE.includes(this.$job.get()?.state); }

  /** Tells who waits for an answer of Python's that there is nobody any more. */
  #untilGone = (fail) => this.$task.subscribe((there) => there ?? fail(nobodyFor(this.task)));

  #isMine = (job) => idOf(job) === this.$job.get()?.id;

  /** When the page opens, and when the line is back: the job that was followed, or else one that goes on. */
  async #find() {
    const service = this.store.service('training-jobs');
    if (this.#goesOn) {
      const gone = (error) => error.code === 404 && this.#end('cancelled', 'The training was withdrawn.');
      await service.get(this.$job.get().id).then((job) => this.#take(tidy(job)), gone);
    } else {
      const going = { task: this.task, state: { $in: ACTIVE }, $sort: { createdAt: 1 }, $limit: 1 };
      const { data } = await service.find({ query: going });
      data.forEach((job) => this.#take(tidy(job)));
      await this.#local?.find();
    }
  }

  #take(job) {
    const mine = this.$job.get();
    if (job.task !== this.task) return;
    if (!this.#goesOn) {
      const isOld = this.#isMine(job) && job.updatedAt <= mine.updatedAt; // what ended may be tried once more
      if (isOld || !ACTIVE.includes(job.state)) return;
      this.#run?.dispose();
      this.#run = null;
      this.$training.set({ status: 'start', epochs: job.params?.epochs });
    } else if (!this.#isMine(job) || job.updatedAt < mine.updatedAt) return;
    if (job.runId && job.runId !== this.#run?.target.runId) this.#follow(job.runId);
    if (job.modelId) this.#local?.follow(job.modelId);
    if (job.state !== mine?.state) this.#since = this.#link.$second.get();
    if (ACTIVE.includes(job.state)) this.$job.set(job);
    else this.#end(job.state, job.message, job);
    this.#say();
  }

  #follow(id) {
    if (this.#run) {
      this.#run.dispose();
      this.$training.set({ status: 'start', epochs: this.$job.get().params?.epochs }); // another attempt
    }
    const run = new PythonRun(this.store, id);
    this.#run = run;
    run.$training.subscribe((training) => {
      if (run === this.#run && training.status === 'epoch') this.$training.set(training);
      this.#say();
    });
  }

  async #end(state, message, job = this.$job.get()) {
    this.#submitted = null;
    this.$job.set({ ...job, state, message });
    const run = this.#run;
    await run?.followed.read(); // its last epochs
    if (this.#goesOn) return; // the next training has begun meanwhile
    if (state === 'success') this.$training.set({ status: state, data: Object.fromEntries(metricsOf(run?.$run.get() ?? {})) });
    else if (state === 'cancelled') this.$training.set({ status: 'idle' });
    else this.$training.set({ status: 'error', data: new Error(message || `The training ended: ${state}`) });
    this.#say('');
  }

  #refuse(message) {
    this.#end('refused', message, { id: null, task: this.task });
    return null;
  }

  /** Nobody is there who could take what waits: it must not begin some day, when everybody has forgotten it. */
  async #withdraw() {
    const { state, attempt } = this.$job.get() ?? {};
    if (!this.#submitted || state !== 'queued' || attempt > 0) return; // who has begun it may come back to it
    try {
      await this.store.service('training-jobs').remove(this.#submitted, { query: { state: 'queued' } });
    } catch (error) {
      if (error.code !== 404) throw error;
      return; // somebody has taken it in this very moment
    }
    this.#end('refused', nobodyFor(this.task));
  }

  /** Asks for a training with a dataset's instances; a second click while one goes on asks for nothing. */
  train(dataset) {
    this.#asking ??= this.#submit(dataset).finally(() => { this.#asking = null; });
    return this.#asking;
  }

  async #submit(dataset) {
    await this.#found;
    if (this.#goesOn) return this.$job.get().id;
    if (!this.#link.$up.get()) return this.#refuse(AWAY);
    const there = this.$task.get();
    if (!there) return this.#refuse(nobodyFor(this.task));
    const name = dataset?.name ?? dataset ?? null;
    const isPart = Object.keys(dataset?.query ?? {}).length > 0;
    if (isPart || (name !== null && typeof name !== 'string')) {
      return this.#refuse('Python reads a dataset as a whole, by its name: give one that is not sifted or otherwise a part.');
    }
    const params = valuesOf(there.params ?? [], this.parameters);
    const job = newJob({ task: this.task, params, dataset: name, ...publicLike(there) });
    this.#submitted = job._id;
    this.#take(tidy(job)); // at once, so that a second click finds it
    try {
      await this.store.service('training-jobs').create(job);
    } catch (error) {
      this.#end('refused', error.message);
    }
    return job._id;
  }

  /** Ends the training in peace: what was learned is kept. One that nobody has begun, or whose Python is gone, is over. */
  async stop() {
    if (!this.#goesOn) return '';
    if (this.$job.get().state !== 'queued' && this.$task.get()) return this.#command('stop', {}, null);
    return giveUp(this.store, this.$job.get());
  }

  /** Ends the training, by force where it does not listen. */
  async cancel() { return this.#command('cancel', {}, null); }

  /** Changes what the training has declared, such as `learning_rate`. */
  set(name, value) { return this.#command('set', { [name]: value }); }

  checkpoint() { return this.#command('checkpoint'); }

  async #command(name, params = {}, runId = this.$job.get()?.runId ?? null) {
    if (!this.#goesOn) throw new Error('No training is going on');
    const target = { jobId: this.$job.get().id, runId, ...publicLike(this.$task.get()) };
    return command(this.store, target, name, params, this.#untilGone).catch((error) => {
      const goesOn = this.#goesOn && this.$job.get().id === target.jobId; // and not the next one
      if (!goesOn && ['stop', 'cancel'].includes(name)) return error.message; // it came too late, and is so
      this.$message.set(error.message);
      throw error;
    });
  }

  /** What the model says of an input: in this page, with `local` and as soon as one was published; else in Python. */
  async predict(x) {
    if (this.#local?.ready) return this.#local.predict(x);
    const there = this.$task.get();
    if (!there) throw new Error(nobodyFor(this.task));
    if (!there.predicts) throw new Error(`"${this.task}" has no model yet that predicts`);
    return request(this.store, { task: this.task, x, ...publicLike(there) }, this.#untilGone);
  }

  #say(entered = this.#entered) {
    this.#entered = entered;
    const known = { there: this.$task.get() !== null, run: this.#run?.$run.get(), link: this.#link, since: this.#since };
    const text = `${sentence({ task: this.task, job: this.$job.get(), ...known })} ${entered}`.trim();
    if (text !== this.$message.get()) this.$message.set(text);
  }

  /** Shows who listens, how far it is, and what went wrong. */
  mount(target = document.getElementById(this.id)) {
    if (!target) return;
    this.destroy();
    this.$$.app = { $destroy: show(target, this.title, this.$message, this.$job) };
  }

  /** Leaves the training alone: Marcelle's components stop their streams here, by a `stop` that means something else. */
  dispose() {
    this.#run?.dispose();
    this.destroy();
    super.stop();
  }

  /** The published model's id: Python has saved it. */
  async save() {
    return this.$job.get()?.modelId ?? this.$model.get()?.id ?? null;
  }

  /** Predicts with another version from now on. */
  async load(_store, id) {
    if (!this.#local) throw new Error('Only a pythonModel with {local: true} loads a model into the page');
    await this.#local.follow(id);
    return this.$model.get();
  }

  async download(metadata) {
    if (!this.#local?.ready) throw new Error('There is no published model in this page; pythonModel takes {local: true}');
    return this.#local.download(metadata);
  }

  async upload() { throw new Error('This model is trained in Python, and published from there'); }
}
