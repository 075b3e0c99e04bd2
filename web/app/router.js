// @ts-check
/** Shows the page of an address, and draws it again when something has changed. */
import { Problem, href, onLoggedOut, root } from './api.js';
import { feed } from './feed.js';

/**
 * Where the reader is.
 * @typedef {object} Place
 * @property {string[]} params parts of the path, decoded
 * @property {URLSearchParams} query
 * @property {AbortSignal} signal ends when the page is left
 */

/**
 * A page.
 * @typedef {object} Page
 * @property {(state: any, place: Place) => string} title
 * @property {(place: Place) => any} load the state of the page, or a promise of it
 * @property {(state: any, place: Place) => unknown} view
 * @property {(state: any, place: Place) => void} [update] after the feed, the clock or the query changed
 * @property {(state: any) => void} [leave]
 */

/** @type {[RegExp, () => Promise<Page>][]} */
const ROUTES = [
  [/^\/fleet$/, () => import('../pages/fleet.js')],
  [/^\/machines\/([^/]+)\/units\/([^/]+)$/, () => import('../pages/unit.js')],
  [/^\/machines\/([^/]+)\/(chain)$/, () => import('../pages/chain.js')],
  [/^\/machines\/([^/]+)\/(compare)$/, () => import('../pages/compare.js')],
  [/^\/machines\/([^/]+)(?:\/(files))?$/, () => import('../pages/machine.js')],
  [/^\/alerts$/, () => import('../pages/alerts.js')],
  [/^\/plan$/, () => import('../pages/plan.js')],
  [/^\/events$/, () => import('../pages/events.js')],
  [/^\/tasks$/, () => import('../pages/tasks.js')],
  [/^\/tasks\/(\d+)$/, () => import('../pages/task.js')],
  [/^\/onboard$/, () => import('../pages/onboard.js')],
  [/^\/login$/, () => import('../pages/login.js')],
];

/** At most four draws a second follow the feed. */
const PAUSE_MS = 250;

class Router {
  /** @type {Page | null} */
  page = null;
  /** @type {any} */
  state = null;
  /** @type {Place} */
  place = { params: [], query: new URLSearchParams(), signal: new AbortController().signal };
  path = '';
  /** What went wrong instead of the page. @type {Problem | null} */
  problem = null;
  loading = true;
  /** What a screen reader says when it changes. */
  spoken = '';

  #ending = new AbortController();
  #drawnAt = 0;
  #timer = 0;
  #frame = 0;
  /** Whether something has changed that the page's state does not have yet. */
  #isOld = false;
  /** @type {() => void} */
  #draw = () => {};

  /** @param {() => void} draw */
  start(draw) {
    this.#draw = draw;
    history.scrollRestoration = 'manual';
    document.addEventListener('click', (event) => this.#clicked(event));
    window.addEventListener('popstate', (event) => this.#show(event.state?.scroll ?? 0));
    document.addEventListener('visibilitychange', () => document.hidden || this.later());
    onLoggedOut(() => this.login());
    feed.listeners.add((what) => (what === 'login' ? this.login() : this.later()));
    this.#show(0);
  }

  /** Ask for the login, and come back to here afterwards. */
  login() {
    if (this.path === '/login') return;
    this.go(`/login?next=${encodeURIComponent(location.pathname.slice(root.length) + location.search)}`);
  }

  /** @param {string} path @param {{replace?: boolean}} [how] */
  go(path, { replace = false } = {}) {
    history.replaceState({ ...history.state, scroll: scrollY }, '');
    history[replace ? 'replaceState' : 'pushState']({}, '', href(path));
    this.#show(0);
  }

  /**
   * Change parameters of this page's address; empty ones are removed.
   * @param {Record<string, string | null>} changes
   */
  change(changes) {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) value ? query.set(name, value) : query.delete(name);
    const text = query.toString().replaceAll('%2C', ',');
    history.replaceState(history.state, '', location.pathname + (text && `?${text}`));
    this.place.query = query;
    this.#updated();
    this.draw();
  }

  /** Load the page's data again; what is shown stays until they are there. */
  reload() {
    return this.#load(false);
  }

  /** Draw in the next frame. */
  draw() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#drawnAt = performance.now();
      try {
        if (this.#isOld) this.#updated();
        this.#draw();
      } catch (error) {
        this.#failed(error);
        this.#draw();
      }
      if (this.page && !this.problem && !this.loading)
        document.title = `${this.page.title(this.state, this.place)} · Fleetforge`;
    });
  }

  /** Draw soon, as the feed or the clock has changed something; a hidden page draws nothing. */
  later() {
    this.#isOld = true;
    if (this.#timer || document.hidden) return;
    const wait = Math.max(0, this.#drawnAt + PAUSE_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#isOld) this.draw();
    }, wait);
  }

  #updated() {
    this.#isOld = false;
    if (this.page && !this.loading && !this.problem) this.page.update?.(this.state, this.place);
  }

  /** @param {number} scroll */
  async #show(scroll) {
    const path = location.pathname.slice(root.length).replace(/\/$/, '');
    const samePage = path === this.path && !this.loading && !this.problem;
    this.path = path;
    this.place.query = new URLSearchParams(location.search);
    if (samePage) {
      this.#updated();
      this.draw();
      return;
    }
    const first = this.page === null;
    if (await this.#load(true)) {
      window.scrollTo(0, scroll);
      if (!first) document.querySelector('h1')?.focus({ preventScroll: scroll > 0 });
    }
  }

  /** @param {boolean} anew */
  async #load(anew) {
    this.#ending.abort();
    const ending = (this.#ending = new AbortController());
    const query = this.place.query;
    const found = ROUTES.map(([pattern, open]) => ({ match: pattern.exec(this.path), open })).find((one) => one.match);
    if (anew) {
      if (this.page) this.page.leave?.(this.state);
      Object.assign(this, { problem: null, loading: true, state: null });
      this.draw();
    }
    try {
      if (!found?.match) throw new Problem(404, 'There is no such page', `See ${href('/fleet')}.`);
      const params = found.match.slice(1).map((one) => decodeURIComponent(one ?? ''));
      const page = await found.open();
      const place = { params, query, signal: ending.signal };
      const state = await page.load(place);
      if (ending.signal.aborted) return false;
      if (!anew) this.page?.leave?.(this.state);
      Object.assign(this, { page, state, place, problem: null, loading: false });
      this.#updated();
    } catch (error) {
      if (ending.signal.aborted) return false;
      this.#failed(error);
    }
    this.draw();
    await new Promise((drawn) => requestAnimationFrame(drawn));
    return true;
  }

  /** Show what went wrong in place of the page. @param {unknown} error */
  #failed(error) {
    const problem = error instanceof Problem ? error : new Problem(0, 'This page failed', String(error));
    Object.assign(this, { problem, loading: false });
    if (!(error instanceof Problem)) console.error(error);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const path = link.pathname.slice(root.length);
    if (link.origin !== location.origin || link.target || link.hasAttribute('download') || link.hash) return;
    if (!ROUTES.some(([pattern]) => pattern.test(path))) return;
    event.preventDefault();
    this.go(path + link.search);
  }
}

export const router = new Router();

/** Draw the page again, in the next frame. */
export const redraw = () => router.draw();
