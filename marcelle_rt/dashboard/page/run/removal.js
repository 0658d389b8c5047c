// Removes a run with all that is its own on the backend; files first, so that a failure leaves the run to try again.
import { isMissing } from '../connection.js';
import { entriesOf, idOf, isActive } from '../runs/facts.js';

const MODELS = ['tfjs-models', 'onnx-models'];
const BESIDE = ['run-batches', 'run-system', 'run-alerts'];

/**
 * @param {import('../connection.js').Connection['store']} store
 * @param {import('../runs/facts.js').Document} run
 */
export async function removeRun(store, run) {
  const id = idOf(run);
  for (const checkpoint of entriesOf(run, 'checkpoints')) {
    if (MODELS.includes(checkpoint.service)) await removed(store, checkpoint.service, checkpoint.id);
  }
  for (const asset of entriesOf(run, 'assets')) await removed(store, 'assets', asset.id ?? asset._id);
  for (const service of [...MODELS, 'assets', ...BESIDE]) {
    for (const document of await ofRun(store, service, id)) await removed(store, service, idOf(document));
  }
  await removed(store, 'runs', id);
  // The sign of life of a run that goes on stays: its program shall see that it was removed, and not lost.
  if (isActive({ status: run.status })) return;
  await removed(store, 'run-heartbeats', id).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

/** @param {import('../connection.js').Connection['store']} store @param {string} service @param {string} id */
async function removed(store, service, id) {
  if (id === undefined || id === null) return;
  try {
    await store.service(service).remove(id);
  } catch (error) {
    if (/** @type {any} */ (error)?.code !== 404) throw error;
  }
}

/** @param {import('../connection.js').Connection['store']} store @param {string} service @param {string} runId */
async function ofRun(store, service, runId) {
  const found = [];
  for (;;) {
    const query = { runId, $select: ['_id', 'runId'], $limit: 1000, $skip: found.length };
    try {
      const { data, total } = /** @type {any} */ (await store.service(service).find({ query }));
      found.push(...data);
      if (data.length === 0 || found.length >= total) return found;
    } catch (error) {
      if (isMissing(error)) return found;
      throw error;
    }
  }
}
