// What to do next, at each moment.

const ENOUGH = 5; // examples of each class, for a first training

/**
 * @param {HTMLElement} place
 * @param {{ sketches: any, model: any, drawing: any, train: any, stop: any }} parts
 */
export function guide(place, { sketches, model, drawing, train, stop }) {
  let counts = [];

  async function count() {
    const found = [];
    for (const label of await sketches.distinct('y')) {
      const { total } = await sketches.find({ query: { y: label, $limit: 0 } });
      if (total > 0) found.push({ label, total });
    }
    counts = found;
    tell();
  }

  function next() {
    const job = model.$job.get();
    const state = job?.state;
    const few = counts.filter(({ total }) => total < ENOUGH);
    const examples = counts.reduce((sum, { total }) => sum + total, 0);
    if (['queued', 'claimed', 'running', 'stopping'].includes(state)) {
      const more = model.$model.get() ? ' Draw something: the newest model says what it sees.' : '';
      return ['busy', model.$message.get() + more];
    }
    if (!model.$task.get()) return ['bad', model.$message.get()];
    if (state === 'error' || state === 'refused') return ['bad', model.$message.get()];
    if (examples === 0) return ['todo', 'Draw something on the pad, give it a name, and press Add.'];
    if (counts.length < 2) {
      return ['todo', `That is a first ${counts[0].label}. Two classes are needed: draw something else, and name it.`];
    }
    if (state === 'success') {
      return ['good', 'Trained. Draw anything and see what the model says. Was it wrong? Add the drawing to its class, and train again.'];
    }
    if (few.length > 0) {
      const wanted = few.map(({ label, total }) => `${ENOUGH - total} of ${label}`).join(', ');
      return ['todo', `Draw a few more: ${wanted}. Or press Train, and see how far it gets.`];
    }
    return ['todo', `${examples} examples of ${counts.length} classes: press Train, or draw more.`];
  }

  function tell() {
    const [kind, text] = next();
    place.className = kind;
    if (place.textContent !== text) place.textContent = text;
    const busy = kind === 'busy';
    train.$disabled.set(busy || counts.length < 2 || !model.$task.get());
    stop.$disabled.set(!busy || model.$job.get()?.state === 'stopping');
  }

  for (const stream of [model.$message, model.$task, model.$job, model.$model]) stream.subscribe(tell);
  drawing.subscribe(tell);
  sketches.ready.then(() => {
    count();
    sketches.$changes.subscribe(count);
  });
}
