// What people read of a training in Python: one sentence, and the traceback where there is one.

export const ACTIVE = ['queued', 'claimed', 'running', 'stopping'];

/** Says that there is nobody, and what to do about it. */
export const nobodyFor = (task) => `No Python is listening for "${task}". Start it with: marcelle-rt serve MODULE:SERVER`;

/** Says of a training that it could not be asked for. */
export const AWAY = 'The backend cannot be reached. Try again when it is back.';

const LATE = 5; // seconds that something takes until it is said why that may be

/** Says that a training has not begun, and why that may be. */
function waiting({ task, message, attempt }, link, since) {
  if (link.isQuiet(task)) return 'Waiting for Python, of which nothing was heard for some seconds.';
  const problem = link.problemOf(task);
  if (problem) return `Waiting for Python to begin: ${problem}.`;
  if (attempt > 0 && message) return `Waiting for Python to begin again: ${message}.`;
  const late = link.$second.get() - since > LATE;
  return late ? 'Waiting for Python to begin: it is at another training, or gets ready.' : 'Waiting for Python to begin.';
}

/**
 * One sentence for people.
 * @param {{ task: string, job: any, run: any, there: boolean, link: any, since: number }} known `there`: whether a
 *   server of the task is; `link`: the line to the backend; `since`: its second in which the job's state began.
 */
export function sentence({ task, job, run, there, link, since }) {
  const [looked, up] = [link.looked, link.$up.get()];
  const { state, message, progress } = job ?? {};
  const epoch = run?.epoch ? `Epoch ${run.epoch}${run.epochs ? ` of ${run.epochs}` : ''}.` : 'The training begins.';
  const missing = looked && !there;
  if (!up && !looked && link.$second.get() < LATE) return 'Connecting to the backend.';
  if (!up) return 'The backend cannot be reached; this page tries again by itself.';
  if (ACTIVE.includes(state)) {
    if (missing) return 'Python is gone in the middle of it. The training goes on or ends when Python is back; stop ends it here.';
    if (state === 'queued') return waiting(job, link, since);
    if (state === 'claimed') return 'Python gets ready.';
    if (state === 'running') return progress?.text || epoch;
    const late = link.$second.get() - since > LATE;
    const when = ' as soon as the task looks whether it is to stop; if it never does, cancel it';
    return `${epoch} Stopping${late ? when : ''}.`;
  }
  // What had refused it is no longer so: whoever did what was said sees that it helped.
  const overcome = state === 'refused' && (message === AWAY || (there && message === nobodyFor(task)));
  if (state && !overcome) return message || (state === 'success' ? 'The training is done.' : `The training ended: ${state}.`);
  if (!looked) return 'Looking for Python.';
  return missing ? nobodyFor(task) : 'Python is listening.';
}

/** Shows it in a card of Marcelle's look; returns what takes it away again. */
export function show(target, title, $message, $job) {
  const card = target.appendChild(document.createElement('div'));
  const heading = card.appendChild(document.createElement('span'));
  const said = card.appendChild(document.createElement('p'));
  const traceback = card.appendChild(document.createElement('pre'));
  heading.className = 'card-title';
  heading.textContent = title;
  said.setAttribute('role', 'status');
  said.style.cssText = 'margin: 8px; overflow-wrap: anywhere';
  traceback.style.cssText = 'margin: 8px; max-height: 20em; overflow: auto; font-size: 12px';
  const leave = [
    $message.subscribe((text) => {
      said.textContent = text;
    }),
    $job.subscribe((job) => {
      traceback.textContent = job?.traceback ?? '';
      traceback.hidden = !job?.traceback;
    }),
  ];
  return () => [...leave, () => card.remove()].forEach((call) => call());
}
