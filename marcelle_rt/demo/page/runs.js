// The runs that are on show: all that are training now, or else the one that was begun last.
// They are read once and then kept by the service's events, whatever else on the page does with them.

const RUNNING = ['start', 'epoch'];

const isRunning = (run) => RUNNING.includes(run.status);

export async function followRuns(store) {
  const service = store.service('runs');
  const known = new Map();
  const listeners = [];
  let due = false;

  function shown() {
    const all = [...known.values()].sort((a, b) => String(a.start).localeCompare(String(b.start)));
    const running = all.filter(isRunning);
    return running.length > 0 ? running : all.slice(-1);
  }

  // However many events come in, the page is drawn once a frame.
  function changed() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      const runs = shown();
      listeners.forEach((listener) => listener(runs));
    });
  }

  // Answers name a document's id `id`, events name it `_id`.
  const idOf = (run) => run.id ?? run._id;

  function keep(run) {
    known.set(idOf(run), { ...run, id: idOf(run) });
    changed();
  }

  for (const event of ['created', 'updated', 'patched']) service.on(event, keep);
  service.on('removed', (run) => {
    known.delete(idOf(run));
    changed();
  });

  async function read() {
    const { data } = await service.find({ query: { $sort: { start: -1 }, $limit: 20 } });
    known.clear();
    data.forEach(keep);
    changed();
  }
  // What happened while the line was down is read again.
  store.feathers.io.on('reconnect', read);
  await read();

  return {
    shown,
    subscribe(listener) {
      listeners.push(listener);
      listener(shown());
    },
  };
}
