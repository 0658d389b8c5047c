// What lies beside runs in services of its own: alerts, batches, measurements of the machine.
import { idOf } from '../runs/facts.js';

/**
 * @typedef {import('../runs/facts.js').Document} Document
 * @typedef {{ ticked: string[], subscribe: (listener: () => void) => void }} Shown which runs are followed
 */

const A_READ = 100;
const MOST = 5000; // documents of one run that are kept
const REST = 1; // how much longer than a drawing the page then does other things

/**
 * Follows the documents of the shown runs in a service; those of a run that is no longer shown are forgotten.
 * @param {import('../connection.js').Connection} connection
 * @param {Shown} shown
 * @param {string} name the service
 * @param {(documents: Map<string, Document[]>) => void} listener called at most once a frame with what each run has; a
 *   list is the same one for as long as nothing in it has changed
 */
export function followBeside(connection, shown, name, listener) {
  const service = connection.store.service(name);
  /** @type {Map<string, Map<string, Document>>} */
  const runs = new Map();
  /** @type {Map<string, Document[]>} */
  const lists = new Map();
  let [due, last, cost] = [0, 0, 0];

  function draw() {
    due = 0;
    const begun = performance.now();
    for (const [run, documents] of runs) if (!lists.has(run)) lists.set(run, [...documents.values()]);
    listener(new Map([...runs.keys()].map((run) => [run, lists.get(run) ?? []])));
    last = performance.now();
    cost = last - begun;
  }

  /** @param {string} run whose documents have changed */
  function tell(run) {
    lists.delete(run);
    if (due) return;
    const wait = REST * cost - (performance.now() - last);
    due = wait > 0 ? window.setTimeout(draw, wait) : requestAnimationFrame(draw);
  }

  /** @param {string} run */
  async function read(run) {
    const documents = runs.get(run);
    try {
      for (let $skip = 0, total = 1; $skip < Math.min(total, MOST); $skip += A_READ) {
        const query = { runId: run, $sort: { _id: 1 }, $limit: A_READ, $skip };
        const page = /** @type {any} */ (await service.find({ query }));
        if (!documents || documents !== runs.get(run) || page.data.length === 0) return;
        total = page.total;
        page.data.forEach((/** @type {Document} */ document) => documents.set(idOf(document), document));
        tell(run);
      }
    } catch {
      // The line is down, and this is read again when it is back; or the backend has no such service, and nothing of it.
    }
  }

  function look() {
    const wanted = new Set(shown.ticked);
    for (const run of runs.keys()) {
      if (wanted.has(run)) continue;
      runs.delete(run);
      tell(run);
    }
    for (const run of wanted) {
      if (runs.has(run)) continue;
      runs.set(run, new Map());
      tell(run);
      if (connection.state === 'up') read(run);
    }
  }

  for (const event of ['created', 'updated', 'patched']) {
    service.on(event, (/** @type {Document} */ document) => {
      const run = String(document.runId);
      if (runs.get(run)?.set(idOf(document), document)) tell(run);
    });
  }
  service.on('removed', (/** @type {Document} */ document) => {
    const run = String(document.runId);
    if (runs.get(run)?.delete(idOf(document))) tell(run);
  });
  shown.subscribe(look);
  look();
  connection.subscribe((state) => {
    if (state === 'up') for (const run of runs.keys()) read(run);
  });
}
