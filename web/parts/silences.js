// @ts-check
/** Silences: times of planned work in which alerts are recorded and not sent. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { part, send, typeHref, unitHref } from '../app/api.js';
import { feed } from '../app/feed.js';
import { age, inUtc, moment, zone } from '../app/format.js';
import { actButton } from './acts.js';
import { confirmAct } from './dialog.js';

/** How long a silence lasts unless another end is chosen. */
const USUAL_MS = 8 * 3_600_000;

/** @import { Silence } from 'answers' */

/** @param {Silence[]} found those in force or to come @param {number} now @param {() => void} done */
export function silenceList(found, now, done) {
  if (!found.length)
    return html`<div class="empty"><p>No silence is in force or to come. During planned work, a silence keeps alerts from being sent:
      they are recorded, and sent at its end if they are still open.</p>
      <p class="muted">In a shell: <code>fleetforge silences add --hours 8</code></p></div>`;
  return html`<ul class="rows">${found.map((one) => row(one, now, done))}</ul>`;
}

/** @param {Silence} silence @param {number} now @param {() => void} done */
function row(silence, now, done) {
  const isInForce = silence.starts_at <= now;
  return html`<li class="panel alert-row">
    <div><p class="row"><span class="tag">${isInForce ? 'in force' : 'to come'}</span> ${about(silence)}</p>
      <p>${isInForce ? nothing : html`from <time>${moment(silence.starts_at)}</time> `}until <time>${moment(silence.ends_at)}</time>
        <span class="muted">${isInForce ? 'ends' : 'starts'} ${age(isInForce ? silence.ends_at : silence.starts_at, now)}</span></p>
      <p class="muted">added by ${silence.who}${silence.note ? html`: “${silence.note}”` : nothing}</p></div>
    <div class="row acts">${actButton('admin', isInForce ? 'End it …' : 'Remove …', () => endSilence(silence, done))}</div>
  </li>`;
}

/** What it silences. @param {Silence} silence */
function about({ machine_id: id, unit }) {
  if (id === null) return html`<b>All machines</b>`;
  const machine = feed.machines.get(id);
  const name = machine ? `${machine.manufacturer} ${machine.model}` : id;
  if (unit === null) return html`<a href=${typeHref(id)}><b>${name}</b>, all units</a>`;
  return html`<a href=${unitHref(id, unit)}><b>${name}</b>, unit ${unit}</a>`;
}

/** A time as the browser's field has it, in the zone that is shown. @param {number} ms */
const asField = (ms) => moment(ms).replace(' ', 'T');

/** @param {FormDataEntryValue | null} text */
const asTime = (text) => Date.parse(`${text}${inUtc() ? 'Z' : ''}`);

/** Ask from when until when, and why. @param {{machine_id: string, unit: string} | null} of a unit; null: any @param {() => void} done */
export const addSilence = (of, done) =>
  confirmAct({
    heading: of ? `Silence unit ${of.unit}` : 'Add a silence',
    text: html`Alerts that rise ${of ? html`of unit <b>${of.unit}</b> of <b>${of.machine_id}</b> ` : nothing}in this time are recorded and not
      sent. If one is still open at the end, it is sent then. At most 30 days.`,
    fields: html`<div class="fields">${of ? nothing : place()}
      <div class="field"><label for="starts">Starts (${zone()})</label><input id="starts" name="starts" type="datetime-local" aria-describedby="starts-hint">
        <span class="hint" id="starts-hint">empty: now</span></div>
      <div class="field"><label for="ends">Ends (${zone()})</label><input id="ends" name="ends" type="datetime-local" required value=${asField(feed.now() + USUAL_MS)}></div>
      <div class="field"><label for="note">Reason</label><textarea id="note" name="note" rows="2" maxlength="1000" required></textarea></div></div>`,
    button: 'Silence',
    act: (form, key) => {
      const [machine, unit] = of ? [of.machine_id, of.unit] : [form.get('machine'), String(form.get('unit')).trim()];
      const starts = form.get('starts');
      const wanted = {
        machine_id: machine || null, unit: unit || null, starts_at: starts ? asTime(starts) : null,
        ends_at: asTime(form.get('ends')), note: String(form.get('note')).trim(),
      };
      return send('/api/gan/silences', wanted, { key });
    },
    done,
  });

const place = () => html`<div class="field"><label for="machine">Machine</label>
    <select id="machine" name="machine"><option value="">all machines</option>
      ${[...feed.machines.values()].map((one) => html`<option value=${one.machine_id}>${one.machine_id}</option>`)}</select></div>
  <div class="field"><label for="unit">Unit</label><input id="unit" name="unit" maxlength="60" aria-describedby="unit-hint">
    <span class="hint" id="unit-hint">empty: all its units</span></div>`;

/** @param {Silence} silence @param {() => void} done */
const endSilence = (silence, done) =>
  confirmAct({
    heading: silence.starts_at <= feed.now() ? 'End a silence' : 'Remove a silence',
    text: html`${about(silence)}, until ${moment(silence.ends_at)}. Alerts that rose in it and are still open are sent now.`,
    button: silence.starts_at <= feed.now() ? 'End it' : 'Remove it',
    act: () => send(`/api/gan/silences/${part(silence.id)}`, undefined, { method: 'DELETE' }),
    done,
  });
