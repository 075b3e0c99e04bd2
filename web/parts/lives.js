// @ts-check
/** The lives of a unit, from new until it failed or was replaced, and its repairs. */
import { html } from '../vendor/lit-html/lit-html.js';
import { get, query } from '../app/api.js';
import { moment, words } from '../app/format.js';
import { redraw } from '../app/router.js';

/** @import { Event as LedgerEvent, EventPage, Unit } from 'answers' */
/** @typedef {{unit: string, life: number, at: number, mode?: string, sensors?: string[], note?: string}} Payload */
/** @typedef {LedgerEvent & {payload: Payload}} LifeEvent */

export class Lives {
  /** @type {LifeEvent[] | null} */
  #ended = null;

  /** @param {string} machine @param {string} unit */
  constructor(machine, unit) {
    this.machine = machine;
    this.unit = unit;
  }

  async #load() {
    if (this.#ended) return;
    /** @type {EventPage[]} */
    const pages = await Promise.all(['FailureHappened', 'MaintenanceDone', 'UnitRepaired'].map((type) =>
      get(`/api/events${query({ machine_id: this.machine, type, sort: '-id', limit: 200 })}`)));
    this.#ended = pages.flatMap((page) => page.items.map((event) => ({ ...event, payload: /** @type {Payload} */ (event.payload) })))
      .filter(({ payload }) => payload.unit === this.unit)
      .sort((one, other) => other.payload.at - one.payload.at);
    redraw();
  }

  /** @param {Unit} unit */
  view(unit) {
    return html`<h2>Lives</h2>
      <p>Life ${unit.life} began ${unit.began_at === null ? 'with its first reading' : moment(unit.began_at)}.</p>
      <details @toggle=${() => this.#load()}><summary>Earlier lives and repairs</summary>${this.#past()}</details>`;
  }

  #past() {
    if (this.#ended === null) return html`<p class="muted">Loading …</p>`;
    if (!this.#ended.length) return html`<p class="muted">No failure, maintenance or repair was reported.</p>`;
    return html`<ul class="alerts">${this.#ended.map(lifeLine)}</ul>`;
  }
}

/** @param {LifeEvent} event */
function lifeLine({ type, payload, actor }) {
  const mode = payload.mode ? `: ${words(payload.mode)}` : '';
  const how = {
    FailureHappened: `failed${mode}`,
    MaintenanceDone: 'ended by maintenance',
    UnitRepaired: `${(payload.sensors ?? []).map(words).join(', ')} repaired`,
  }[/** @type {string} */ (type)];
  return html`<li><p>Life ${payload.life}: ${how}</p>
    <p class="muted">${moment(payload.at)}${actor ? `, reported by ${actor}` : ''}${payload.note ? `: “${payload.note}”` : ''}</p></li>`;
}
