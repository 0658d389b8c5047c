// What a reader has set, kept in the browser over a reload.
const PREFIX = 'marcelle-rt ';

/**
 * @template T
 * @param {string} name
 * @param {(value: any) => T | undefined} check what may be in the store is anybody's: undefined where it is not a value
 * @param {T} otherwise
 * @returns {T}
 */
export function recall(name, check, otherwise) {
  try {
    return check(JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null')) ?? otherwise;
  } catch {
    return otherwise; // a browser that keeps nothing, or something else under that name
  }
}

/** @param {string} name @param {unknown} value undefined or null: no longer set */
export function keep(name, value) {
  try {
    if (value === undefined || value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing: it is set for as long as the page is open.
  }
}

/** @param {unknown} value */
export const text = (value) => (typeof value === 'string' ? value : undefined);
/** @param {unknown} value */
export const flag = (value) => (typeof value === 'boolean' ? value : undefined);
/** @param {number} least @param {number} most */
export const between = (least, most) => (/** @type {unknown} */ value) =>
  typeof value === 'number' && value >= least && value <= most ? value : undefined;
/** @param {unknown[]} known */
export const oneOf = (known) => (/** @type {any} */ value) => (known.includes(value) ? value : undefined);
/** @param {unknown} value */
export const texts = (value) => (Array.isArray(value) && value.every((each) => typeof each === 'string') ? /** @type {string[]} */ (value) : undefined);
