// @ts-check
/** A profile as a form; a problem stands at its field. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { plural, title as words } from '../app/format.js';

/** @typedef {import('../app/api.js').FieldProblem} FieldProblem */

const SENSOR = { name: '', unit: '', normal: {}, direction: 'rising' };

/**
 * @param {any} profile is changed in place
 * @param {FieldProblem[]} problems
 * @param {() => void} changed
 */
export function profileForm(profile, problems, changed) {
  const form = new Form(profile, problems, changed);
  return html`
    <section class="panel"><h2>Machine</h2><div class="fields columns">
      ${form.field('machine_id', 'Machine id', 'text')} ${form.field('machine_type', 'Type', 'text')}
      ${form.field('manufacturer', 'Maker', 'text')} ${form.field('model', 'Model', 'text')}
      ${form.field('rul.max_rul_hours', 'Longest life, h', 'number', 'that of its type')}</div></section>
    <section class="panel"><h2>Sensors</h2><div class="scroll" role="group" tabindex="0" aria-label="Sensors"><table class="inputs"><thead><tr><th>Name</th><th>Unit</th><th>Normal from</th><th>to</th><th>Failed at</th><th>Direction</th><th>Noise</th><th>Onset</th><th><span class="unseen">Remove</span></th></tr></thead>
      <tbody>${profile.sensors.map((/** @type {any} */ _one, /** @type {number} */ index) => sensorRow(form, index))}</tbody></table></div>
      ${form.problem('sensors')}
      <button type="button" @click=${() => form.add('sensors', structuredClone(SENSOR))}>Add a sensor</button></section>
    <section class="panel"><h2>Failure modes</h2><p class="muted">The shares add up to 1. A mode wears the sensors that are ticked.</p>
      ${profile.failure_modes.map((/** @type {any} */ mode, /** @type {number} */ index) => modeRow(form, profile, mode, index))}
      ${form.problem('failure_modes')}
      <button type="button" @click=${() => form.add('failure_modes', { name: '', share: 0, sensors: [] })}>Add a failure mode</button></section>
    ${profile.drivers ? driversPanel(form) : nothing}`;
}

/** Drivers are edited in a file; the form keeps them in step with the sensors. @param {Form} form */
function driversPanel(form) {
  return html`<section class="panel"><h2>Drivers</h2>
    <p class="muted">What moves a healthy machine: load, surroundings, and ${plural((form.get('drivers.couplings') ?? []).length, 'coupling')} of its sensors.
      Edit them in the file of the profile. Without them, sensors ignore each other.</p>
    ${form.problem('drivers')}
    <button type="button" @click=${() => form.set('drivers', undefined)}>Remove the drivers</button></section>`;
}

/** @param {Form} form @param {number} index */
function sensorRow(form, index) {
  const at = `sensors[${index}]`;
  /** @param {string} name @param {string} label @param {'text' | 'number'} type */
  const cell = (name, label, type) => html`<td>${form.input(`${at}.${name}`, `${label} of sensor ${index + 1}`, type)}</td>`;
  return html`<tr>${cell('name', 'Name', 'text')} ${cell('unit', 'Unit', 'text')} ${cell('normal.min', 'Normal from', 'number')} ${cell('normal.max', 'Normal to', 'number')}
    ${cell('failure', 'Failed at', 'number')}
    <td><select id="field-${at}.direction" aria-label=${`Direction of sensor ${index + 1}`} @change=${(/** @type {Event} */ event) => form.set(`${at}.direction`, /** @type {HTMLSelectElement} */ (event.target).value)}>
      ${['rising', 'falling', 'steady'].map((one) => html`<option ?selected=${form.get(`${at}.direction`) === one}>${one}</option>`)}</select></td>
    ${cell('noise', 'Noise', 'number')} ${cell('onset', 'Onset', 'number')}
    <td><button type="button" class="quiet" aria-label=${`Remove sensor ${index + 1}`} @click=${() => form.removeSensor(index)}>×</button></td></tr>
    ${form.has(at) ? html`<tr><td colspan="9">${form.problem(at)}</td></tr>` : nothing}`;
}

/** @param {Form} form @param {any} profile @param {any} mode @param {number} index */
function modeRow(form, profile, mode, index) {
  const at = `failure_modes[${index}]`;
  const toggle = (/** @type {string} */ name) => {
    mode.sensors = mode.sensors.includes(name) ? mode.sensors.filter((/** @type {string} */ one) => one !== name) : [...mode.sensors, name];
    form.changed();
  };
  return html`<fieldset class="mode-fields"><legend class="unseen">Failure mode ${index + 1}</legend>
    <div class="row">${form.field(`${at}.name`, 'Name', 'text')} ${form.field(`${at}.share`, 'Share', 'number')}
      <button type="button" class="quiet" @click=${() => form.remove('failure_modes', index)}>Remove</button></div>
    <div class="ticks">${profile.sensors.filter((/** @type {any} */ one) => one.direction !== 'steady').map((/** @type {any} */ one) => html`<label>
      <input type="checkbox" .checked=${mode.sensors.includes(one.name)} @change=${() => toggle(one.name)}> ${words(one.name || 'new sensor')}</label>`)}</div>
    ${form.problem(`${at}.sensors`)}</fieldset>`;
}

class Form {
  /** @param {any} profile @param {FieldProblem[]} problems @param {() => void} changed */
  constructor(profile, problems, changed) {
    this.profile = profile;
    this.problems = problems;
    this.changed = changed;
  }

  /** The parts of `sensors[3].normal.max`. @param {string} path */
  #steps(path) {
    return path.replace(/\[(\d+)\]/g, '.$1').split('.');
  }

  /** @param {string} path */
  get(path) {
    return this.#steps(path).reduce((value, step) => value?.[step], this.profile);
  }

  /** @param {string} path @param {unknown} value undefined removes the field */
  set(path, value) {
    const steps = this.#steps(path);
    const last = /** @type {string} */ (steps.pop());
    if (steps[0] === 'sensors' && last === 'name') this.#rename(this.get(path), value);
    const owner = steps.reduce((at, step) => (at[step] ??= {}), this.profile);
    if (value === undefined) delete owner[last];
    else owner[last] = value;
    this.changed();
  }

  /** @param {string} list @param {any} value */
  add(list, value) {
    this.profile[list].push(value);
    this.changed();
  }

  /** What names the sensor goes with it. @param {number} index */
  removeSensor(index) {
    const { name } = this.profile.sensors[index];
    const { drivers } = this.profile;
    const left = (/** @type {string[]} */ names) => names.filter((one) => one !== name);
    for (const mode of this.profile.failure_modes) mode.sensors = left(mode.sensors);
    if (drivers?.couplings) drivers.couplings = drivers.couplings.filter((/** @type {any} */ one) => one.sensor !== name && one.follows !== name);
    if (drivers?.maintenance) drivers.maintenance.sensors = left(drivers.maintenance.sensors);
    if (drivers?.maintenance?.sensors.length === 0) delete drivers.maintenance;
    this.remove('sensors', index);
  }

  /** What names a sensor by its old name names it by the new one. @param {string} before @param {any} after */
  #rename(before, after) {
    const count = (/** @type {string} */ name) => this.profile.sensors.filter((/** @type {any} */ one) => one.name === name).length;
    if (!before || count(before) > 1 || count(after) > 0) return;
    const { drivers } = this.profile;
    const renamed = (/** @type {string} */ one) => (one === before ? after : one);
    for (const mode of this.profile.failure_modes) mode.sensors = mode.sensors.map(renamed);
    for (const one of drivers?.couplings ?? []) Object.assign(one, { sensor: renamed(one.sensor), follows: renamed(one.follows) });
    if (drivers?.maintenance) drivers.maintenance.sensors = drivers.maintenance.sensors.map(renamed);
  }

  /** @param {string} list @param {number} index */
  remove(list, index) {
    this.profile[list].splice(index, 1);
    this.changed();
  }

  /** @param {string} path */
  has(path) {
    return this.problems.some((one) => one.path.startsWith(path));
  }

  /** @param {string} path */
  problem(path) {
    const found = this.problems.filter((one) => one.path === path || ((path === 'drivers' || (path.startsWith('sensors[') && path.endsWith(']'))) && one.path.startsWith(`${path}.`)));
    if (!found.length) return nothing;
    return html`<div class="refusal" id="problem-${path}">${found.map((one) => html`<p>${one.path === path ? nothing : html`<code>${one.path.slice(path.length + 1)}</code>: `}${one.message}; ${one.advice}</p>`)}</div>`;
  }

  /** @param {string} path @param {string} label @param {'text' | 'number'} type */
  input(path, label, type, placeholder = '') {
    const isWrong = this.has(path);
    const input = (/** @type {Event} */ event) => {
      const { value } = /** @type {HTMLInputElement} */ (event.target);
      this.set(path, value === '' && type === 'number' ? undefined : type === 'number' ? Number(value) : value);
    };
    return html`<input id="field-${path}" type=${type} step="any" placeholder=${placeholder} aria-label=${label} aria-invalid=${isWrong ? 'true' : 'false'}
      aria-describedby=${isWrong ? `problem-${path}` : nothing} .value=${String(this.get(path) ?? '')} @input=${input}>`;
  }

  /** @param {string} path @param {string} label @param {'text' | 'number'} type */
  field(path, label, type, placeholder = '') {
    return html`<div class="field"><label for="field-${path}">${label}</label>${this.input(path, label, type, placeholder)}${this.problem(path)}</div>`;
  }
}
