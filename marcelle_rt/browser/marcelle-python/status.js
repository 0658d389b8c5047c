// What people read of a training in Python: one sentence, and the traceback where there is one.

export const ACTIVE = ['queued', 'claimed', 'running', 'stopping'];

/** Says that there is nobody, and what to do about it. */
export const nobodyFor = (task) => `No Python is listening for "${task}". Start it with: marcelle-rt serve MODULE:SERVER`;

/**
 * One sentence for people.
 * @param {{ task: string, job: any, run: any, there: boolean, looked: boolean, up: boolean }} known `looked`: whether
 *   it is known who is there; `up`: whether the line to the backend is.
 */
export function sentence({ task, job, run, there, looked, up }) {
  const { state, message, progress } = job ?? {};
  const epoch = run?.epoch ? `Epoch ${run.epoch}${run.epochs ? ` of ${run.epochs}` : ''}.` : 'The training begins.';
  const missing = looked && !there;
  if (!up) return looked ? 'The backend cannot be reached; this page tries again by itself.' : 'Connecting to the backend.';
  if (ACTIVE.includes(state)) {
    if (missing) return 'Python is gone in the middle of it. The training goes on or ends when Python is back; stop ends it here.';
    if (state === 'queued') return 'Waiting for Python to begin.';
    if (state === 'claimed') return 'Python gets ready.';
    return state === 'running' ? progress?.text || epoch : `${epoch} Stopping.`;
  }
  if (state) return message || (state === 'success' ? 'The training is done.' : `The training ended: ${state}.`);
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
