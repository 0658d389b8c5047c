// The line to the backend: it signs in where that is asked for, and comes back by itself for as long as the page is open.
import { dataStore } from '@marcellejs/core';

/**
 * @typedef {'connecting' | 'up' | 'down' | 'signed-out'} Line
 * @typedef {ReturnType<typeof connect>} Connection
 */

/** Whether an error says that the backend does not have a service, or lends it to nobody: some have fixed ones. @param {any} error */
export const isMissing = (error) => [403, 404, 405].includes(error?.code);

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The backend as this browser reaches it: one on the server's own machine has that machine's name elsewhere.
 * @param {string} backend empty: the server of this page
 */
function locationOf(backend) {
  const url = new URL(backend || window.location.origin);
  if (LOOPBACK.includes(url.hostname) && !LOOPBACK.includes(window.location.hostname)) {
    url.hostname = window.location.hostname;
  }
  return url.href.replace(/\/$/, '');
}

/**
 * Marcelle's store takes the page's own protocol: to a backend with `https`, a page without it must be told to.
 * @param {any} manager the socket's
 * @param {string} location
 */
function secure(manager, location) {
  if (!location.startsWith('https:') || window.location.protocol === 'https:') return;
  manager.engine.close(); // the attempt that has begun goes astray
  manager.cleanup(); // or the next one would be made when this one's time is over, after 20 seconds
  Object.assign(manager, { uri: new URL(location).origin, readyState: 'closed' });
  manager.open();
}

/**
 * Takes the way to a new account out of Marcelle's form, where the backend says that it makes none.
 * @param {string} location
 */
async function hideRegistration(location) {
  try {
    const info = await (await fetch(`${location}/info`)).json();
    document.documentElement.classList.toggle('rt-no-signup', info.signup === false);
  } catch {
    // A backend that tells nothing of itself: whether it makes accounts, it says when it is asked for one.
  }
}

/** @param {string} backend */
export function connect(backend) {
  const location = locationOf(backend);
  const store = dataStore(location);
  const socket = /** @type {any} */ (store.feathers).io;
  secure(socket.io, location);
  socket.io.reconnectionAttempts(Infinity);
  socket.io.reconnectionDelayMax(3000);

  /** @type {Line} */
  let state = 'connecting';
  /** @type {((state: Line) => void)[]} */
  const listeners = [];

  /** @param {Line} next */
  function become(next) {
    if (next === state) return;
    state = next;
    listeners.forEach((listener) => listener(next));
  }

  async function signIn() {
    try {
      await store.connect();
    } catch {
      // Nobody is signed in here yet, or the token has ended: Marcelle's own form asks.
      become('signed-out');
      hideRegistration(location);
      await askForLogin();
    }
    if (socket.connected) become('up');
  }

  async function askForLogin() {
    for (;;) {
      try {
        await store.loginWithUI();
        return;
      } catch {
        // The form was closed after a registration that was refused: it is asked again.
      }
    }
  }

  socket.on('disconnect', () => become('down'));
  socket.on('reconnect_attempt', () => become('down'));
  socket.on('reconnect', async () => {
    if (store.requiresAuth) {
      await /** @type {any} */ (store.feathers).reAuthenticate(true).catch(() => signIn());
    }
    if (state !== 'signed-out') become('up');
  });
  signIn();

  /** Whether anything answers at the backend's address, be it another program, or a backend that refuses this page. */
  async function answers() {
    try {
      await fetch(location, { mode: 'no-cors', cache: 'no-store' });
      return true;
    } catch {
      return false; // nobody is there
    }
  }

  return {
    store,
    location,
    answers,
    get state() {
      return state;
    },
    /** @param {(state: Line) => void} listener called at each change, and now */
    subscribe(listener) {
      listeners.push(listener);
      listener(state);
    },
  };
}
