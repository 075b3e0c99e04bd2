// @ts-check
/** Where alerts are sent: webhooks with what waits for them, and a test of each. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { Problem, get, part, send } from '../app/api.js';
import { age, count, moment } from '../app/format.js';
import { Renewal } from '../app/renewal.js';
import { redraw } from '../app/router.js';
import { session } from '../app/session.js';
import { actButton } from './acts.js';

const EVERY_MS = 10_000;

/** @import { Webhook, WebhookList, WebhookTest } from 'answers' */

/** The panel of webhooks; it asks for them only where the scope allows it. */
export class Webhooks {
  /** @type {Webhook[] | null} */
  #items = null;
  #isAsked = false;
  #renewal = new Renewal(EVERY_MS);
  /** Webhooks whose test is not answered yet. @type {Set<number>} */
  #tested = new Set();
  #said = '';

  /** @param {AbortSignal} signal */
  update(signal) {
    if (!session.may('admin') || (this.#isAsked && !this.#renewal.isDue)) return;
    this.#isAsked = true;
    this.#renewal.run(async () => (this.#items = /** @type {WebhookList} */ (await get('/api/gan/webhooks', signal)).items));
  }

  /** @param {number} now */
  view(now) {
    if (session.who && !session.may('admin')) return html`<p class="muted">Webhooks need a token with the scope admin.</p>`;
    const { refusal } = this.#renewal;
    return html`${refusal ? html`<p class="refusal" role="status">${refusal}</p>` : nothing}
      ${this.#items === null ? (refusal ? nothing : html`<p class="muted">Loading …</p>`) : this.#list(this.#items, now)}
      <p role="status">${this.#said}</p>`;
  }

  /** @param {Webhook[]} items @param {number} now */
  #list(items, now) {
    if (!items.length)
      return html`<p>No webhook yet: alerts are only on these pages.</p>
        <p class="muted">Add one, which prints its secret once: <code>fleetforge webhooks add https://…</code></p>`;
    return html`<ul class="alerts">${items.map((one) => this.#row(one, now))}</ul>`;
  }

  /** @param {Webhook} one @param {number} now */
  #row(one, now) {
    const isTested = this.#tested.has(one.id);
    return html`<li class="webhook"><div>
        <p class="row"><b class="key">${one.url}</b> <span class=${one.state === 'active' ? '' : 'refusal'}>${one.state}</span></p>
        <p>${count(one.waiting)} waiting, ${count(one.given_up)} given up; ${one.last_sent_at === null
          ? 'none sent yet' : html`last sent <time title=${moment(one.last_sent_at)}>${age(one.last_sent_at, now)}</time>`}</p>
        ${one.last_error === null ? nothing : html`<p class="refusal">${one.last_error}</p>`}
        <p class="muted">webhook ${one.id}, added by ${one.who} <time title=${moment(one.created_at)}>${age(one.created_at, now)}</time></p></div>
      ${actButton('admin', isTested ? 'Sending …' : 'Send a test', () => this.#test(one))}</li>`;
  }

  /** The receiver has ten seconds, so the button says that it waits. @param {Webhook} webhook */
  async #test({ id, url }) {
    if (this.#tested.has(id)) return;
    this.#tested.add(id);
    this.#said = '';
    redraw();
    try {
      /** @type {WebhookTest} */
      const found = await send(`/api/gan/webhooks/${part(id)}/test`);
      this.#said = found.failed === null
        ? `${url} has taken the test: answered ${found.status} after ${count(found.took_ms ?? 0)} ms.` : `${url} has not taken the test: ${found.failed}.`;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#said = error.message;
    }
    this.#tested.delete(id);
    redraw();
  }
}
