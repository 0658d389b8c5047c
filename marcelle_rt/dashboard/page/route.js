// Which run is open, in the page's address: it can be reloaded, kept and sent to somebody.

export const RUN_PAGE = 'run';

/** The id of the run that is open, or an empty text. */
export const openedRun = () => new URLSearchParams(window.location.search).get('run') ?? '';

/**
 * Opens a run's page.
 * @param {string} id
 */
export function openRun(id) {
  window.history.pushState(null, '', `?run=${encodeURIComponent(id)}#${RUN_PAGE}`);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

/** @param {(id: string) => void} listener called when another run is opened, and now */
export function onOpenedRun(listener) {
  let known = '';
  const look = () => {
    const id = openedRun();
    if (id === known) return;
    known = id;
    listener(id);
  };
  window.addEventListener('hashchange', look);
  // Going back to an address with another query changes the hash too, and Chromium tells nobody.
  window.addEventListener('popstate', () => window.dispatchEvent(new HashChangeEvent('hashchange')));
  look();
}
