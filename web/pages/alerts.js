// @ts-check
/** Alerts: open, acknowledged and cleared; those of one cause at once are one row. And silences. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { get, part, query, unitHref } from '../app/api.js';
import { feed } from '../app/feed.js';
import { age, count, hours, moment, plural, range, words } from '../app/format.js';
import { LEVELS, standing } from '../app/health.js';
import { Renewal } from '../app/renewal.js';
import { redraw, router } from '../app/router.js';
import { acknowledge, acknowledgeIncident, actButton, nothingFound, reportFailure, reportMaintenance } from '../parts/acts.js';
import { alertState } from '../parts/alert.js';
import { addSilence, silenceList } from '../parts/silences.js';

const TABS = /** @type {const} */ ([['open', 'Open'], ['seen', 'Acknowledged'], ['cleared', 'Cleared'], ['silences', 'Silences']]);
const EVERY_MS = 5_000;
/** The feed does not report silences. */
const SILENCES_EVERY_MS = 15_000;
const LIMIT = 200;

/** @import { Alert, AlertPage, Incident, IncidentPage, MachineDetail, Silence, SilenceList } from 'answers' */
/** @typedef {Awaited<ReturnType<typeof load>>} State */

/** @param {State} state */
export const title = ({ open }) => {
  const unseen = open.filter((alert) => alert.acknowledged_at === null).length;
  return unseen ? `${count(unseen)} open · Alerts` : 'Alerts';
};

/** @param {import('../app/router.js').Place} place */
export async function load({ signal }) {
  return { cleared: /** @type {Alert[] | null} */ (null), unfolded: new Set(), key: '', renewal: new Renewal(EVERY_MS), ended: new Renewal(0), quiet: new Renewal(SILENCES_EVERY_MS), ...(await found(signal)) };
}

/** @param {AbortSignal} signal */
async function found(signal) {
  /** @type {[AlertPage, IncidentPage, Silence[]]} */
  const [alerts, incidents, silences] = await Promise.all([
    get(`/api/gan/alerts${query({ open: true, limit: LIMIT })}`, signal),
    get(`/api/gan/incidents${query({ open: true, limit: 100 })}`, signal),
    foundSilences(signal),
  ]);
  return { open: alerts.items, more: alerts.next_cursor, incidents: incidents.items, silences };
}

/** @param {AbortSignal} signal @returns {Promise<Silence[]>} */
const foundSilences = async (signal) => /** @type {SilenceList} */ (await get('/api/gan/silences', signal)).items;

/** Ask again when the feed says that an alert came or went. @param {State} state @param {import('../app/router.js').Place} place */
export function update(state, { query: asked, signal }) {
  if (asked.get('show') === 'cleared' && state.cleared === null) {
    state.cleared = [];
    const path = `/api/gan/alerts${query({ open: false, limit: LIMIT })}`;
    state.ended.run(async () => (state.cleared = (await get(path, signal)).items));
  }
  if (asked.get('show') === 'silences' && state.quiet.isDue)
    state.quiet.run(async () => (state.silences = await foundSilences(signal)));
  const key = [...feed.units.values()].map((unit) => `${unit.alert_id ?? ''}${unit.level}`).join();
  if (key === state.key || !state.renewal.isDue) return;
  state.key = key;
  state.renewal.run(async () => Object.assign(state, await found(signal)));
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function view(state, { query: asked }) {
  const show = TABS.find(([name]) => name === asked.get('show'))?.[0] ?? 'open';
  const isSeen = (/** @type {Alert} */ alert) => alert.acknowledged_at !== null;
  const silences = state.silences.filter((one) => one.ends_at > feed.now());
  const counts = { open: state.open.filter((one) => !isSeen(one)).length, seen: state.open.filter(isSeen).length, cleared: 0, silences: silences.length };
  const shown = show === 'cleared' ? (state.cleared ?? []) : state.open.filter((one) => isSeen(one) === (show === 'seen'));
  return html`<div class="head"><h1 tabindex="-1">Alerts</h1>
      ${show === 'silences' ? html`<div class="row">${actButton('write', 'Add a silence …', () => addSilence(null, again), 'primary')}</div>` : nothing}</div>
    <div class="counts" role="group" aria-label="Show only">${TABS.map(([name, word]) => html`<button aria-pressed=${name === show ? 'true' : 'false'}
      @click=${() => router.change({ show: name === 'open' ? null : name })}>${word}${name === 'cleared' ? nothing : html` <b>${count(counts[name])}</b>`}</button>`)}</div>
    ${show === 'silences' ? silencesView(state, silences) : shown.length ? html`<ul class="rows">${grouped(shown, state)}</ul>` : emptyText(show)}
    ${state.more && (show === 'open' || show === 'seen') ? html`<p class="muted">The newest ${LIMIT} of those that are open.</p>` : nothing}`;
}

/** @param {State} state @param {Silence[]} silences */
const silencesView = (state, silences) => html`${state.quiet.refusal ? html`<p class="notice" role="status">${state.quiet.refusal}</p>` : nothing}
    ${silenceList(silences, feed.now(), again)}`;

/** @param {string} show */
const emptyText = (show) => html`<p class="empty">${
  show === 'open' ? 'No alert waits for somebody. An alert is raised when the level of a unit rises.'
  : show === 'seen' ? 'No open alert is acknowledged.' : 'No alert was cleared yet.'}</p>`;

/** @param {Alert} one @param {Alert} other */
const byUrgency = (one, other) => LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level) || other.raised_at - one.raised_at;

/** Alerts of an incident are one row, where its most urgent alert is. @param {Alert[]} alerts @param {State} state */
function grouped(alerts, state) {
  const incidents = new Map(state.incidents.map((one) => [one.id, one]));
  const seen = new Set();
  return alerts.sort(byUrgency).flatMap((alert) => {
    const incident = alert.incident_id === null ? undefined : incidents.get(alert.incident_id);
    if (!incident || incident.open_units < 2) return [alertRow(alert)];
    if (seen.has(incident.id)) return [];
    seen.add(incident.id);
    return [incidentRow(incident, alerts.filter((one) => one.incident_id === incident.id), state)];
  });
}

const again = () => router.reload();

/** @param {Incident} incident @param {Alert[]} alerts @param {State} state */
function incidentRow(incident, alerts, state) {
  const isOpen = state.unfolded.has(incident.id);
  const toggle = (/** @type {Event} */ event) => {
    const details = /** @type {HTMLDetailsElement} */ (event.target);
    state.unfolded[details.open ? 'add' : 'delete'](incident.id);
    redraw();
  };
  const about = `Incident ${incident.id}: ${incident.cause}, ${plural(incident.units, 'unit')}`;
  return html`<li class="panel alert-row ${incident.level}">
    <div><p class="row">${standing(incident.level)}<b>${plural(incident.units, 'unit')} at once</b></p>
      <p>${incident.cause}; ${count(incident.open_units)} still open, of ${plural(incident.machines, 'machine')}</p>
      <p class="muted">began <time title=${moment(incident.began_at)}>${age(incident.began_at, feed.now())}</time></p></div>
    <div class="row acts">${incident.unseen ? actButton('write', 'Acknowledge all', () => acknowledgeIncident(incident.id, about, again), 'primary') : nothing}</div>
    <details class="within" ?open=${isOpen} @toggle=${toggle}><summary>Its units</summary>${isOpen ? html`<ul class="rows">${alerts.map(alertRow)}</ul>` : nothing}</details>
  </li>`;
}

/** @param {Alert} alert */
function alertRow(alert) {
  const unit = feed.units.get(`${alert.machine_id}/${alert.unit}`);
  const machine = feed.machines.get(alert.machine_id);
  const isOpen = alert.cleared_at === null;
  const name = machine ? `${machine.manufacturer} ${machine.model}` : alert.machine_id;
  return html`<li class="panel alert-row ${isOpen ? alert.level : ''}">
    <div><p class="row">${standing(alert.level)}<a href=${unitHref(alert.machine_id, alert.unit)}><b>${name}</b>, unit ${alert.unit}</a>
        ${isOpen && unit?.rul_hours !== undefined ? html`<span class="number"><b>${hours(unit.rul_hours)}</b> <span class="muted">${range(unit.rul_low_hours, unit.rul_high_hours)}</span></span>` : nothing}</p>
      <p><span class="muted">When it was raised:</span> ${words(alert.sentence)}</p>
      <p class="muted"><time title=${moment(alert.raised_at)}>raised ${age(alert.raised_at, feed.now())}</time>: ${alert.cause}; ${alertState(alert, feed.now())}${
        alert.silenced ? '; silenced' : ''}${alert.note ? html`: “${alert.note}”` : nothing}</p></div>
    <div class="row acts">${isOpen ? acts(alert) : nothing}</div>
  </li>`;
}

/** @param {Alert} alert */
function acts(alert) {
  const profile = async () => /** @type {MachineDetail} */ (await get(`/api/gan/machines/${part(alert.machine_id)}`)).profile;
  const names = (/** @type {{name: string}[]} */ all) => all.map((one) => one.name);
  const fail = async () => reportFailure(alert, names((await profile()).failure_modes), again);
  const maintain = async () => reportMaintenance(alert, names((await profile()).sensors), again);
  const isSeen = alert.acknowledged_at !== null;
  return html`${isSeen ? nothing : actButton('write', 'Acknowledge', () => acknowledge(alert.id, `Alert ${alert.id}: ${alert.cause}`, again), 'primary')}
    ${actButton('write', 'Failure happened', fail)}
    ${actButton('write', 'Maintenance done', maintain)}
    ${actButton('write', 'Nothing found', () => nothingFound(alert.id, again))}`;
}
