// @ts-check
/** Requests to the service. A refusal is a `Problem`, in the service's own words. */

/** Where the application is, with a proxy's prefix; without a slash at its end. */
export const root = new URL(import.meta.url).pathname.replace(/\/static\/.*$/, '');

/** The address of a page or a call. @param {string} path */
export const href = (path) => root + path;

/** A part of an address. @param {string | number} text */
export const part = (text) => encodeURIComponent(String(text));

/** The page of a unit, or of its machine. @param {string} machine @param {string} [unit] */
export const unitHref = (machine, unit) =>
  href(`/machines/${part(machine)}${unit === undefined ? '' : `/units/${part(unit)}`}`);

/** The page of a machine type; `unitHref` opens on its unit, if it has only one. @param {string} machine */
export const typeHref = (machine) => `${unitHref(machine)}?view=type`;

/** @typedef {{path: string, message: string, advice: string}} FieldProblem */

/** A refusal, or a service that does not answer (status 0). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} title
   * @param {string} detail
   * @param {FieldProblem[]} [errors]
   * @param {string} [correlation]
   */
  constructor(status, title, detail, errors = [], correlation = '') {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.correlation = correlation;
  }
}

/** @type {Set<() => void>} */
const loggedOut = new Set();

/** Call this when an answer says that the session has ended. @param {() => void} listener */
export const onLoggedOut = (listener) => loggedOut.add(listener);

/** @param {Response} answer */
async function problemOf(answer) {
  const correlation = answer.headers.get('x-correlation-id') ?? '';
  const isJson = (answer.headers.get('content-type') ?? '').includes('json');
  const body = isJson ? await answer.json() : {};
  const title = body.title ?? answer.statusText;
  const wait = answer.headers.get('retry-after');
  const detail = (body.detail ?? '') + (answer.status === 429 && wait ? ` Try again in ${wait} s.` : '');
  return new Problem(answer.status, title, detail, body.errors ?? [], correlation);
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function ask(path, init) {
  let answer;
  try {
    answer = await fetch(href(path), init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem(0, 'The service does not answer', 'Check that fleetforge up or fleetforge web runs.');
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && path !== '/api/session') for (const listener of loggedOut) listener();
  throw await problemOf(answer);
}

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export const get = async (path, signal) => (await ask(path, { signal })).json();

/**
 * Change something. The same key again starts nothing twice.
 * @param {string} path
 * @param {unknown} [body]
 * @param {{key?: string, method?: string, type?: string}} [how]
 * @returns {Promise<any>}
 */
export async function send(path, body, how = {}) {
  const type = how.type ?? 'application/json';
  /** @type {Record<string, string>} */
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = type;
  if (how.key) headers['Idempotency-Key'] = how.key;
  const content = body === undefined || how.type ? body : JSON.stringify(body);
  const answer = await ask(path, {
    method: how.method ?? 'POST',
    headers,
    body: /** @type {BodyInit | undefined} */ (content),
  });
  return answer.status === 204 ? null : answer.json();
}

/** A key for one act; `crypto.randomUUID` is there in secure contexts only. */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Parameters as a query; without those that are empty. @param {Record<string, unknown>} given */
export function query(given) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(given))
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined && each !== null && each !== '') found.append(name, String(each));
  const text = found.toString();
  return text && `?${text}`;
}
