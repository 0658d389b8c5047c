// Numbers, times and values as people read them.

/**
 * A number with about five significant digits, and an exponent only where nobody would read the zeros.
 * @param {unknown} value
 */
export function number(value) {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '';
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return value.toExponential(2).replace(/\.?0*e\+?/, 'e');
  return String(Number(value.toPrecision(5)));
}

/**
 * A parameter: numbers as numbers, lists as lists, and objects as JSON.
 * @param {unknown} value
 * @returns {string}
 */
export function plain(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return number(value);
  if (Array.isArray(value)) return value.map(plain).join(', ');
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/**
 * A duration in its two largest units.
 * @param {number | null} seconds
 */
export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return '';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [days, hours, minutes] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
  if (days) return `${days} d ${hours} h`;
  return hours ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

const DAY = { month: 'short', day: 'numeric' };
const CLOCK = { hour: '2-digit', minute: '2-digit' };

/**
 * When something was: the time of today, else the day too.
 * @param {number} time milliseconds since 1970
 * @param {number} now
 */
export function moment(time, now = Date.now()) {
  if (!Number.isFinite(time)) return '';
  const [then, today] = [new Date(time), new Date(now)];
  const clock = then.toLocaleTimeString(undefined, /** @type {Intl.DateTimeFormatOptions} */ (CLOCK));
  if (then.toDateString() === today.toDateString()) return clock;
  const year = then.getFullYear() === today.getFullYear() ? {} : { year: 'numeric' };
  return `${then.toLocaleDateString(undefined, /** @type {Intl.DateTimeFormatOptions} */ ({ ...DAY, ...year }))}, ${clock}`;
}
