// @ts-check
/** Numbers, times and names as text. Times are milliseconds since 1970 by the service's clock. */

const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** What a number looks like when it is not known. */
export const NONE = '–';

/** Whether times are shown in UTC: `tz=utc` in the address. */
export const inUtc = () => new URLSearchParams(location.search).get('tz') === 'utc';

/** @param {number} value */
export const count = (value) => counts.format(value);

/**
 * Hours of remaining life; never a decimal.
 * @param {number | undefined | null} value
 */
export function hours(value) {
  if (value === undefined || value === null) return NONE;
  const size = Math.round(Math.abs(value));
  if (size < 1) return value > 0 ? '<\u00a01\u00a0h' : '0\u00a0h';
  return `${value < 0 ? '−' : ''}${counts.format(size)}\u00a0h`;
}

/**
 * Two hours with an en dash between them; the unit follows only if it is asked for.
 * @param {number | undefined | null} low
 * @param {number | undefined | null} high
 */
export function range(low, high, unit = '\u00a0h') {
  if (low === undefined || low === null || high === undefined || high === null) return NONE;
  return `${counts.format(Math.round(low))}–${counts.format(Math.round(high))}${unit}`;
}

/**
 * An interval of hours in a sentence.
 * @param {number | null} low
 * @param {number | null} high
 */
export const between = (low, high) => `between ${counts.format(Math.round(low ?? 0))} and ${hours(Math.round(high ?? 0))}`;

/**
 * A difference of hours with its sign.
 * @param {number} value
 */
export function change(value) {
  const size = Math.round(Math.abs(value));
  if (size === 0) return '0\u00a0h';
  return `${value < 0 ? '−' : '+'}${counts.format(size)}\u00a0h`;
}

/** @param {number | undefined | null} value */
export function percent(value) {
  if (value === undefined || value === null) return NONE;
  if (value > 0 && value < 0.01) return '< 1\u202f%';
  if (value > 0.99 && value < 1) return '> 99\u202f%';
  return `${Math.round(value * 100)}\u202f%`;
}

/**
 * Four significant digits, with a proper minus.
 * @param {number | undefined | null} value
 */
export function figure(value, digits = 4) {
  if (value === undefined || value === null) return NONE;
  if (value === 0) return '0';
  const size = Math.abs(value);
  const places = Math.max(0, Math.min(6, digits - 1 - Math.floor(Math.log10(size))));
  const text = new Intl.NumberFormat('en', { maximumFractionDigits: places }).format(size);
  return `${value < 0 && text !== '0' ? '−' : ''}${text}`;
}

/** @param {number} value */
export function bytes(value) {
  if (value < 1000) return `${value} B`;
  const steps = ['kB', 'MB', 'GB', 'TB'];
  let size = value;
  let step = -1;
  do {
    size /= 1000;
    step += 1;
  } while (size >= 999.5 && step < steps.length - 1);
  return `${size >= 100 ? Math.round(size) : figure(size, 2)} ${steps[step]}`;
}

/** @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}\u00a0s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}\u00a0min`;
  const whole = Math.round(minutes / 60);
  if (whole < 48) return `${whole}\u00a0h`;
  return `${count(Math.round(whole / 24))}\u00a0d`;
}

/** How long something took. @param {number} ms */
export const took = (ms) => (ms < 1000 ? '<\u00a01\u00a0s' : duration(ms));

/** @param {number} ms a time @param {number} now */
export const age = (ms, now) => (ms > now + 1000 ? `in ${duration(ms - now)}` : `${duration(now - ms)} ago`);

/** @type {Map<string, Intl.DateTimeFormat>} */
const made = new Map();

/** @param {number} ms @param {Intl.DateTimeFormatOptions} options */
function parts(ms, options) {
  const zone = inUtc() ? 'UTC' : undefined;
  const key = JSON.stringify([options, zone]);
  let format = made.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { ...options, hourCycle: 'h23', timeZone: zone });
    made.set(key, format);
  }
  return format.format(ms);
}

const DAY = /** @type {const} */ ({ year: 'numeric', month: '2-digit', day: '2-digit' });
const MINUTE = /** @type {const} */ ({ hour: '2-digit', minute: '2-digit' });

/** 2026-11-29 14:02. @param {number} ms */
export const moment = (ms) => parts(ms, { ...DAY, ...MINUTE });

/** 2026-11-29 14:02:11. @param {number} ms */
export const instant = (ms) => parts(ms, { ...DAY, ...MINUTE, second: '2-digit' });

/** 14:02:11. @param {number} ms */
export const clock = (ms) => parts(ms, { ...MINUTE, second: '2-digit' });

/** 2026-11-29. @param {number} ms */
export const day = (ms) => parts(ms, DAY);

/** The zone that times are shown in, such as `Europe/Berlin`. */
export const zone = () => (inUtc() ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone);

const UNITS = new Map([
  ['degC', '°C'], ['degF', '°F'], ['Ohm', 'Ω'], ['MOhm', 'MΩ'], ['m3/h', 'm³/h'], ['um', 'µm'], ['1', ''],
]);

/** A unit of measurement in plain signs. @param {string} unit */
export const measure = (unit) => UNITS.get(unit) ?? unit;

/** A name of the ledger as words: `seal_failure` is "seal failure". @param {string} name */
export const words = (name) => name.replaceAll('_', ' ');

/** The same, as a heading. @param {string} name */
export function title(name) {
  const text = words(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * A long text shortened in its middle, so that both ends still tell two apart.
 * @param {string} text
 */
export function shortened(text, most = 60) {
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}

/** @param {number} many @param {string} one @param {string} [more] */
export const plural = (many, one, more = `${one}s`) => `${count(many)} ${many === 1 ? one : more}`;
