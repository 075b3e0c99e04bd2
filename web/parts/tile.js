// @ts-check
/** One unit as a tile, and as a sentence. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { unitHref } from '../app/api.js';
import { duration, hours, range, shortened, words } from '../app/format.js';
import { STEPS, WORDS, chainWord, intervalBar, isPrior, isStale, likeliest, sign, standing } from '../app/health.js';

/** @typedef {import('../app/feed.js').Unit} Unit */
/** @typedef {import('../app/feed.js').Machine} Machine */

/**
 * What a tile shows: a unit, or a machine that has none.
 * @typedef {object} Item
 * @property {string} key
 * @property {Machine | undefined} machine
 * @property {Unit} unit
 * @property {string} name maker and model
 * @property {string} rest what distinguishes it from others of that name
 */

/** @param {string} text */
const letters = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, '');

/**
 * What is left of an id without the words of its type, maker and model.
 * @param {Machine} machine
 */
function restOfId(machine) {
  const known = letters(`${machine.machine_type}${machine.manufacturer}${machine.model}`);
  const rest = machine.machine_id.split('_').filter((word) => !known.includes(word));
  return rest.join(' ') || machine.machine_id;
}

/** A machine has up to thousands of units, which share its name. @type {WeakMap<Machine, {name: string, rest: string}>} */
const named = new WeakMap();

/** @param {Machine} machine */
function nameOf(machine) {
  const known = named.get(machine);
  if (known) return known;
  const name = shortened(`${machine.manufacturer} ${machine.model}`.trim() || machine.machine_id, 44);
  const found = { name, rest: restOfId(machine) };
  named.set(machine, found);
  return found;
}

/** Of ten thousand units few change between two drawings. @type {WeakMap<Unit, Item>} */
const made = new WeakMap();

/** @param {Machine | undefined} machine @param {Unit} unit @returns {Item} */
export function itemOf(machine, unit) {
  const before = made.get(unit);
  if (before && before.machine === machine) return before;
  const item = newItem(machine, unit);
  made.set(unit, item);
  return item;
}

/** @param {Machine | undefined} machine @param {Unit} unit @returns {Item} */
function newItem(machine, unit) {
  const key = `${unit.machine_id}/${unit.unit ?? ''}`;
  const its = unit.unit === undefined ? '' : `unit ${unit.unit}`;
  if (!machine) return { key, machine, unit, name: shortened(unit.machine_id), rest: its };
  const { name, rest } = nameOf(machine);
  return { key, machine, unit, name, rest: shortened(its ? `${rest} · ${its}` : rest, 32) };
}

/** @param {Unit} unit */
export const hrefOf = (unit) => unitHref(unit.machine_id, unit.unit);

/** Whether the chain is worth a line: it runs, waits for somebody, or has failed. @param {Machine | undefined} machine */
export const chainShows = (machine) => machine !== undefined && machine.status !== 'onboarded' && machine.status !== 'success';

/** @param {Machine} machine */
export function chainText(machine) {
  const done = machine.chain_progress ?? machine.progress;
  const share = machine.status === 'running' && done !== undefined ? ` ${done} %` : '';
  const step = machine.stage ? (STEPS[machine.stage] ?? words(machine.stage)) : 'chain';
  return `${step}: ${chainWord(machine.status)}${share}`;
}

/** The tile as one sentence, for a screen reader. @param {Item} item @param {number} now */
export function sentence({ machine, unit, name, rest }, now) {
  const said = [`${name} ${rest}`.trim(), WORDS[unit.level].toLowerCase()];
  if (unit.rul_hours !== undefined) {
    said.push(`${hours(unit.rul_hours).replace('\u00a0h', ' hours')} left`);
    said.push(`between ${Math.round(unit.rul_low_hours ?? 0)} and ${Math.round(unit.rul_high_hours ?? 0)}`);
    if (isPrior(unit)) said.push('as usual for its type, no readings yet');
  }
  if (isAbnormal(unit)) said.push(likeliest(unit).replace('\u202f%', ' percent'));
  if (unit.seen_at !== undefined) said.push(`reading ${duration(now - unit.seen_at)} old`);
  if (isStale(unit, now)) said.push('readings are late');
  if (chainShows(machine)) said.push(chainText(/** @type {Machine} */ (machine)));
  return said.filter(Boolean).join(', ');
}

/** @param {Unit} unit */
const isAbnormal = (unit) => unit.level === 'alarm' || unit.level === 'warning';

/** @param {Item} item @param {number} now */
function foot({ machine, unit }, now) {
  if (machine && chainShows(machine)) return html`<span class="mode">${chainText(machine)}</span>`;
  if (unit.seen_at === undefined) return html`<span>${isPrior(unit) ? 'usual for its type' : 'no readings yet'}</span>`;
  return html`${isAbnormal(unit) ? html`<span class="mode">${likeliest(unit)}</span>` : nothing}
    <span class="age">${isStale(unit, now) ? sign('clock') : nothing} ${duration(now - unit.seen_at)}</span>`;
}

/**
 * @param {Item} item
 * @param {number} now
 * @param {{index: number, isActive: boolean, small: boolean}} where
 */
export function tile(item, now, { index, isActive, small }) {
  const { unit, name, rest } = item;
  const said = sentence(item, now);
  if (small)
    return html`<a class="dot ${unit.level}" href=${hrefOf(unit)} data-index=${index} tabindex=${isActive ? 0 : -1}
      aria-label=${said} title=${said}></a>`;
  return html`<a class="tile ${unit.level}" href=${hrefOf(unit)} data-index=${index} tabindex=${isActive ? 0 : -1}>
    <span class="unseen">${said}</span>
    <span class="face" aria-hidden="true">
      <span class="name">${name}</span>
      <span class="rest">${rest}</span>
      <span class="level">${standing(unit.level)}</span>
      ${unit.rul_hours === undefined
        ? html`<span class="rul"><span>${unit.why || 'no forecast yet'}</span></span>`
        : html`<span class="rul ${isPrior(unit) ? 'usual' : ''}"><b>${hours(unit.rul_hours)}</b>
              <span>${range(unit.rul_low_hours, unit.rul_high_hours, '')}</span></span>
            ${intervalBar(unit)}`}
      <span class="foot">${foot(item, now)}</span>
    </span>
  </a>`;
}
