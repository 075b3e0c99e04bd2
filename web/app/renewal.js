// @ts-check
/** Asks again for what a page shows: one request at a time, and not too often. */
import { Problem } from './api.js';
import { feed } from './feed.js';
import { redraw } from './router.js';

export class Renewal {
  /** Why the last request was refused; what is shown stays meanwhile. */
  refusal = '';
  #askedAt = Date.now();
  /** Whether an answer is awaited. */
  isBusy = false;

  /** @param {number} everyMs */
  constructor(everyMs) {
    this.everyMs = everyMs;
  }

  get isDue() {
    return !this.isBusy && feed.state !== 'lost' && Date.now() - this.#askedAt >= this.everyMs;
  }

  /** @param {() => Promise<unknown>} ask changes the state of the page */
  async run(ask) {
    if (this.isBusy) return;
    this.isBusy = true;
    this.#askedAt = Date.now();
    try {
      await ask();
      this.refusal = '';
    } catch (error) {
      // A page that was left has no use for the answer; an open one shows what it has.
      const isLeft = error instanceof DOMException && error.name === 'AbortError';
      if (!isLeft && !(error instanceof Problem)) throw error;
      this.refusal = isLeft ? '' : error.message;
    } finally {
      this.isBusy = false;
      redraw();
    }
  }
}
