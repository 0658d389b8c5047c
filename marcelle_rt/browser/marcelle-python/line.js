// The line to a store's backend, and the Python servers that are there.
import { createStream } from '@marcellejs/core';

export const EVENTS = ['created', 'updated', 'patched'];

/** @param {number} count */
export const seconds = (count) => count * 1000;

/** A document's id: events have `_id`, and answers what Marcelle's store makes of it. */
export const idOf = (document) => document._id ?? document.id;

/** A document as Marcelle's store gives it. */
export const tidy = (document) => {
  const { _id, ...fields } = document;
  return { ...fields, id: idOf(document) };
};

/** What makes a document one for everybody, where the server's own are. */
export const publicLike = (task) => (task?.public ? { public: true } : {});

/** One for each store. */
class Link {
  $up = createStream(false, true);
  $tasks = createStream([], true);
  $second = createStream(0, true); // so that what depends on time is looked at again
  looked = false; // whether the servers were asked for since the page is open
  #seen = new Map(); // by id: the server's document, and when its beat last changed

  constructor(store) {
    const socket = store.feathers.io;
    if (!socket) throw new Error("A Python model needs a backend's data store, such as dataStore('http://localhost:3030')");
    this.store = store;
    socket.io.reconnectionAttempts(Infinity); // Marcelle's own stores give up after five
    socket.io.reconnectionDelayMax(seconds(3));
    socket.on('disconnect', () => this.$up.set(false));
    socket.on('reconnect', async () => {
      if (store.requiresAuth) await store.feathers.reAuthenticate(true);
      this.$up.set(true);
    });
    for (const stream of [this.$up, this.$tasks, this.$second]) stream.start();
    const service = store.service('training-tasks');
    for (const event of EVENTS) service.on(event, (task) => this.#hear(task));
    service.on('removed', (task) => this.#forget(idOf(task)));
    this.whenUp(() => this.#look());
    const signedIn = () => new Promise((resolve) => store.feathers.on('login', resolve));
    this.opened = store.connect().catch(signedIn).then(() => this.$up.set(true));
    setInterval(() => {
      this.#judge();
      this.$second.set(this.$second.get() + 1);
    }, seconds(1));
  }

  /** Calls now, if the line is there, and each time that it comes back; returns what ends that. */
  whenUp(call) {
    return this.$up.subscribe((up) => up && call());
  }

  /** Whether no server of a task has given a sign of life when the last one was due. */
  isQuiet(name) {
    const late = ({ task, at }) => performance.now() - at > seconds(1.5 * (task.every ?? 2));
    return [...this.#seen.values()].filter(({ task }) => task.task === name).every(late);
  }

  /** What keeps all servers of a task from beginning it; empty where one of them can. */
  problemOf(name) {
    const there = [...this.#seen.values()].filter(({ task, gone }) => task.task === name && !gone);
    const said = there.map(({ task }) => task.problem ?? '');
    return said.every(Boolean) ? said[0] ?? '' : '';
  }

  async #look() {
    const { data } = await this.store.service('training-tasks').find({ query: { $limit: 1000 } });
    const there = new Set(data.map(idOf));
    for (const id of [...this.#seen.keys()]) if (!there.has(id)) this.#seen.delete(id);
    this.looked = true;
    data.forEach((task) => this.#hear({ ...task, _id: idOf(task) }));
    this.#judge(true);
  }

  #hear(task) {
    const before = this.#seen.get(task._id);
    if (before?.task.beat === task.beat) return;
    this.#seen.set(task._id, { task, at: performance.now() });
    if (!before || before.gone) this.#judge();
  }

  #forget(id) {
    this.#seen.delete(id);
    this.#judge();
  }

  /** A server whose beat stands still is gone; without a line, nobody knows. */
  #judge(always = false) {
    if (!this.$up.get()) return;
    const now = performance.now();
    for (const one of this.#seen.values()) one.gone = now - one.at > seconds(3 * (one.task.every ?? 2));
    const there = [...this.#seen.values()].filter((one) => !one.gone).map((one) => tidy(one.task));
    const names = (tasks) => JSON.stringify(tasks.map((task) => task.id));
    if (always || names(there) !== names(this.$tasks.get())) this.$tasks.set(there);
  }
}

const links = new WeakMap();

/** @returns {Link} */
export function linkOf(store) {
  if (!links.has(store)) links.set(store, new Link(store));
  return links.get(store);
}
