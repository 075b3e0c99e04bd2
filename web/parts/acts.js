// @ts-check
/** What somebody can do about a unit or an alert. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { part, send } from '../app/api.js';
import { bytes, plural, title } from '../app/format.js';
import { session } from '../app/session.js';
import { confirmAct } from './dialog.js';

/** @typedef {{machine_id: string, unit: string}} Named */

/**
 * A button for an act. Without the scope it stays, and says which one it needs.
 * @param {'write' | 'admin'} scope
 * @param {string} text
 * @param {() => void} act
 */
export function actButton(scope, text, act, kind = '') {
  const may = session.may(scope);
  return html`<button class=${kind} aria-disabled=${may ? nothing : 'true'}
    title=${may ? nothing : `Needs a token with the scope ${scope}`} aria-description=${may ? nothing : `needs the scope ${scope}`}
    @click=${() => session.may(scope) && act()}>${text}</button>`;
}

const note = html`<div class="field"><label for="note">Note</label>
  <textarea id="note" name="note" rows="2" maxlength="1000"></textarea></div>`;

/** @param {FormData} form */
const noteOf = (form) => String(form.get('note') ?? '').trim();

/** @param {Named} of @param {string} what */
const path = ({ machine_id, unit }, what) => `/api/gan/machines/${part(machine_id)}/units/${part(unit)}/${what}`;

/** @param {Named} of @param {string[]} modes failure modes of the profile @param {() => void} done */
export const reportFailure = (of, modes, done) =>
  confirmAct({
    heading: 'Failure happened',
    text: html`Unit <b>${of.unit}</b> of <b>${of.machine_id}</b> has failed: its life ends now, its next one begins, and its alert is
      cleared. Later predictors learn from lives whose failure mode is known.`,
    fields: html`<div class="fields"><div class="field"><label for="mode">How it failed</label>
      <select id="mode" name="mode"><option value="">not known</option>
        ${modes.map((mode) => html`<option value=${mode}>${title(mode)}</option>`)}</select></div>${note}</div>`,
    button: 'It has failed',
    act: (form, key) => send(path(of, 'failures'), { mode: form.get('mode') || null, note: noteOf(form) }, { key }),
    done,
  });

/** A new life, or a repair: then what the chosen sensors have shown counts no more. @param {Named} of @param {string[]} sensors of the profile @param {() => void} done */
export const reportMaintenance = (of, sensors, done) =>
  confirmAct({
    heading: 'Maintenance done',
    text: html`On unit <b>${of.unit}</b> of <b>${of.machine_id}</b>. Its alert is cleared.`,
    fields: html`<div class="fields">
      <fieldset class="choices"><legend class="label">What was done</legend>
        <label><input type="radio" name="done" value="maintenance" checked>
          <span><b>Replaced or overhauled</b>: it is as good as new, and its next life begins.</span></label>
        <label><input type="radio" name="done" value="repairs" id="repaired">
          <span><b>Repaired</b>: its life goes on, and what some sensors have shown counts no more.</span></label></fieldset>
      <fieldset class="repaired"><legend class="label">Sensors that measure what was repaired</legend><div class="ticks">${sensors.map((name) =>
        html`<label><input type="checkbox" name="sensor" value=${name}> ${title(name)}</label>`)}</div></fieldset>
      ${note}</div>`,
    button: 'Report it',
    act: (form, key) => {
      const what = String(form.get('done'));
      const its = what === 'repairs' ? { sensors: form.getAll('sensor') } : {};
      return send(path(of, what), { ...its, note: noteOf(form) }, { key });
    },
    done,
  });

/** Nothing of it is left, so its id is typed. @param {import('answers').MachineDetail} machine @param {number} units @param {() => void} done */
export const deleteMachine = ({ machine_id: id, artifacts }, units, done) =>
  confirmAct({
    heading: 'Delete the machine',
    text: html`<b>${id}</b> is deleted with ${plural(units, 'unit')} and their readings, its events and tasks, and
      ${plural(artifacts.length, 'file')} (${bytes(artifacts.reduce((sum, file) => sum + file.size, 0))}). It cannot be undone.`,
    fields: html`<div class="fields"><div class="field"><label for="typed">Type its id</label>
      <input id="typed" name="typed" required autocomplete="off" pattern=${id} title=${id}></div></div>`,
    button: 'Delete it',
    act: () => send(`/api/gan/machines/${part(id)}`, undefined, { method: 'DELETE' }),
    done,
  });

/** @param {number} id @param {string} about @param {() => void} done */
export const acknowledge = (id, about, done) =>
  confirmAct({
    heading: 'Acknowledge',
    text: html`${about}. You have seen it; it stays open until the unit is healthy again, has failed or was replaced.`,
    fields: html`<div class="fields">${note}</div>`,
    button: 'I have seen it',
    act: (form, key) => send(`/api/gan/alerts/${id}/acknowledge`, { note: noteOf(form) }, { key }),
    done,
  });

/** @param {number} id @param {string} about @param {() => void} done */
export const acknowledgeIncident = (id, about, done) =>
  confirmAct({
    heading: 'Acknowledge an incident',
    text: html`${about}. All of its open alerts are acknowledged.`,
    fields: html`<div class="fields">${note}</div>`,
    button: 'I have seen it',
    act: (form, key) => send(`/api/gan/incidents/${id}/acknowledge`, { note: noteOf(form) }, { key }),
    done,
  });

/** Somebody has looked and found nothing: the alert is acknowledged with that note. @param {number} id @param {() => void} done */
export const nothingFound = (id, done) =>
  confirmAct({
    heading: 'Nothing found',
    text: html`You have looked at the unit and found nothing. The alert is acknowledged with this note, and stays open as long as the
      readings say so.`,
    button: 'Nothing found',
    act: (_form, key) => send(`/api/gan/alerts/${id}/acknowledge`, { note: 'nothing found' }, { key }),
    done,
  });
