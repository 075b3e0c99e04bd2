// @ts-check
/** Take in a machine: a form from a template or a file, checked by the service while one types. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { Problem, get, newKey, part, send } from '../app/api.js';
import { plural, title as words } from '../app/format.js';
import { redraw, router } from '../app/router.js';
import { actButton } from '../parts/acts.js';
import { profileForm } from '../parts/profile_form.js';

/** The service checks the profile so long after the last key; a typist stays below its limit. */
const CHECK_AFTER_MS = 700;
const DRAFT = 'fleetforge.draft';
const LARGEST_FILE = 1_000_000;

/** @import { Template } from 'answers' */
/** @typedef {ReturnType<typeof begun>} State */

export const title = () => 'Onboard';

/** @param {Template[]} templates */
function begun(templates) {
  return {
    templates,
    /** The profile as a form; null while a text is sent as it is. @type {any} */ profile: null,
    /** A YAML file as it was read. */ text: '', file: '',
    /** @type {import('../app/api.js').FieldProblem[] | null} */ problems: null,
    refusal: '', isBusy: false, isChecking: false, isWanted: false, timer: 0, key: newKey(),
  };
}

/** @param {import('../app/router.js').Place} place */
export async function load({ query, signal }) {
  const state = begun(await get('/api/gan/templates', signal));
  const template = query.get('template');
  const draft = sessionStorage.getItem(DRAFT);
  if (template) await start(state, template);
  else if (draft) state.profile = JSON.parse(draft);
  return state;
}

export const leave = (/** @type {State | null} */ state) => clearTimeout(state?.timer);

/** @param {State} state @param {string} template */
async function start(state, template) {
  const profile = await get(`/api/gan/templates/${part(template)}`);
  Object.assign(state, { profile: without(profile), text: '', file: '' });
  changed(state);
}

/** Fields that are null are defaults; a form need not show them. @param {any} value @returns {any} */
function without(value) {
  if (Array.isArray(value)) return value.map(without);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null).map(([name, one]) => [name, without(one)]));
}

/** @param {State} state */
function changed(state) {
  if (state.profile) sessionStorage.setItem(DRAFT, JSON.stringify(state.profile));
  state.key = newKey();
  clearTimeout(state.timer);
  state.timer = setTimeout(() => check(state), CHECK_AFTER_MS);
  redraw();
}

/** One check at a time; the newest profile wins. @param {State} state */
async function check(state) {
  state.isWanted = true;
  if (state.isChecking) return;
  state.isChecking = true;
  while (state.isWanted) {
    state.isWanted = false;
    try {
      state.problems = (await post(state, '/api/gan/profiles/validate')).problems;
      state.refusal = '';
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      state.refusal = error.message;
      state.problems = error.errors;
    }
  }
  state.isChecking = false;
  redraw();
}

/** @param {State} state @param {string} path @param {string} [key] */
const post = (state, path, key) =>
  state.profile ? send(path, state.profile, { key }) : send(path, state.text, { key, type: 'application/yaml' });

/** @param {State} state */
async function submit(state) {
  if (state.isBusy) return;
  Object.assign(state, { isBusy: true, refusal: '' });
  redraw();
  try {
    const machine = await post(state, '/api/gan/machines', state.key);
    sessionStorage.removeItem(DRAFT);
    router.go(`/machines/${part(machine.machine_id)}/chain`);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    state.refusal = error.message;
    if (error.errors.length) state.problems = error.errors;
    router.spoken = plural(error.errors.length, 'problem');
  } finally {
    state.isBusy = false;
    redraw();
  }
}

/** @param {State} state @param {File | undefined} file */
async function read(state, file) {
  if (!file) return;
  if (file.size > LARGEST_FILE) {
    state.refusal = `${file.name} is larger than 1 MB; a profile is a small JSON or YAML file.`;
    redraw();
    return;
  }
  const text = await file.text();
  Object.assign(state, { profile: null, text, file: file.name, refusal: '' });
  if (file.name.endsWith('.json'))
    try {
      state.profile = without(JSON.parse(text));
    } catch {
      Object.assign(state, { text: '', file: '', refusal: `${file.name} is not JSON.` });
    }
  changed(state);
}

/** @param {State} state */
export function view(state) {
  const choose = (/** @type {Event} */ event) => read(state, /** @type {HTMLInputElement} */ (event.target).files?.[0]);
  const drop = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    read(state, event.dataTransfer?.files[0]);
  };
  const hasSomething = state.profile || state.text;
  return html`<div @dragover=${(/** @type {Event} */ event) => event.preventDefault()} @drop=${drop}>
    <div class="head"><h1 tabindex="-1">Onboard a machine</h1></div>
    <section class="panel"><div class="row">
      <div class="field"><label for="template">Start from a template</label>
        <select id="template" @change=${(/** @type {Event} */ event) => start(state, /** @type {HTMLSelectElement} */ (event.target).value)}>
          <option value="" ?selected=${!state.profile}>choose …</option>
          ${state.templates.map((one) => html`<option value=${one.machine_type} ?selected=${state.profile?.machine_type === one.machine_type}>${words(one.machine_type)}</option>`)}</select></div>
      <div class="field"><label for="file">or from a file: choose or drop (JSON or YAML)</label>
        <input id="file" type="file" accept=".json,.yaml,.yml" @change=${choose}></div></div></section>
    ${hasSomething ? problems(state) : nothing}
    ${state.refusal ? html`<p class="refusal" role="alert">${state.refusal}</p>` : nothing}
    ${state.profile ? profileForm(state.profile, state.problems ?? [], () => changed(state)) : nothing}
    ${state.text && !state.profile ? html`<section class="panel"><h2>${state.file}</h2>
      <div class="field"><label for="text">Its text</label><textarea id="text" rows="20" spellcheck="false" .value=${state.text}
        @input=${(/** @type {Event} */ event) => { state.text = /** @type {HTMLTextAreaElement} */ (event.target).value; changed(state); }}></textarea></div></section>` : nothing}
    ${hasSomething ? html`<p class="row submit">${actButton('write', state.isBusy ? 'Taking it in …' : 'Take in and start', () => submit(state), 'primary')}
      <span class="muted">Its seed, model, synthetic data and predictor are then made; the draft stays in this window until then.</span></p>` : nothing}
  </div>`;
}

/** @param {State} state */
function problems(state) {
  if (state.problems === null) return html`<p class="muted" id="problems">Checking …</p>`;
  if (!state.problems.length) return html`<p class="muted" id="problems">No problem found.</p>`;
  return html`<details class="panel problems" open id="problems"><summary><b>${plural(state.problems.length, 'problem')}</b></summary>
    <ul>${state.problems.map((one) => html`<li><a href="#" @click=${(/** @type {Event} */ event) => focusField(event, one.path)}><code>${one.path || 'profile'}</code></a>:
      ${one.message}; ${one.advice}</li>`)}</ul></details>`;
}

/** @param {Event} event @param {string} path */
function focusField(event, path) {
  event.preventDefault();
  document.getElementById(`field-${path}`)?.focus();
}
