// What lies beside a run in services of its own: alerts, batches, measurements of the machine.
import { idOf } from '../runs/facts.js';

/** @typedef {import('../runs/facts.js').Document} Document */

const A_READ = 100;
const MOST = 5000; // documents of one run that are kept

/**
 * Follows a run's documents in a service; those of the run that was open before are forgotten.
 * @param {import('../connection.js').Connection} connection
 * @param {import('./opened.js').OpenedRun} opened
 * @param {string} name the service
 * @param {(documents: Document[]) => void} listener called at most once a frame
 */
export function followBeside(connection, opened, name, listener) {
  const service = connection.store.service(name);
  /** @type {Map<string, Document>} */
  let documents = new Map();
  let [run, due] = ['', 0];

  function tell() {
    due ||= requestAnimationFrame(() => {
      due = 0;
      listener([...documents.values()]);
    });
  }

  async function read() {
    const of = run;
    try {
      for (let $skip = 0, total = 1; $skip < Math.min(total, MOST); $skip += A_READ) {
        const query = { runId: of, $sort: { _id: 1 }, $limit: A_READ, $skip };
        const page = /** @type {any} */ (await service.find({ query }));
        if (of !== run || page.data.length === 0) return;
        total = page.total;
        page.data.forEach((/** @type {Document} */ document) => documents.set(idOf(document), document));
        tell();
      }
    } catch {
      // The line is down, and this is read again when it is back; or the backend has no such service, and nothing of it.
    }
  }

  for (const event of ['created', 'updated', 'patched']) {
    service.on(event, (/** @type {Document} */ document) => {
      if (document.runId !== run) return;
      documents.set(idOf(document), document);
      tell();
    });
  }
  service.on('removed', (/** @type {Document} */ document) => {
    if (documents.delete(idOf(document))) tell();
  });
  opened.subscribe(() => {
    if (opened.id === run) return;
    run = opened.id;
    documents = new Map();
    tell();
    if (run && connection.state === 'up') read();
  });
  connection.subscribe((state) => {
    if (state === 'up' && run) read();
  });
}
