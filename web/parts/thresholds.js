// @ts-check
/** Where the levels of a machine's units begin, and which units other thresholds would move. */
import { html, nothing, render } from '../vendor/lit-html/lit-html.js';
import { Problem, get, part, query, send } from '../app/api.js';
import { figure, plural } from '../app/format.js';
import { LEVELS, isPrior, standing } from '../app/health.js';
import { confirmAct } from './dialog.js';

/** So many units, the most urgent ones, are looked at for what would change. */
const LOOKED_AT = 200;
/** So many of those that would move are named. */
const NAMED = 8;
/** A warning or alarm falls below this share of its threshold, as in `GAN/prognosis/levels.py`. */
const HELD_AT = 0.5;

/** @import { Prediction, Thresholds, Unit, UnitPage } from 'answers' */
/** @typedef {import('../app/health.js').Level} Level */
/** @typedef {{units: Unit[], more: boolean, refusal: string}} Looked */

/** @param {Thresholds} thresholds */
export const thresholdFacts = ({ alarm, warning, false_alarms_per_1000_hours: rate }) => html`<dl class="facts">
  <dt>${standing('alarm')}</dt><dd>the probability of a failure within 24 h is <b>${exactly(alarm)}</b> or more: right if a failure costs ${stops(alarm)}</dd>
  <dt>${standing('warning')}</dt><dd>the probability of a failure within the planning horizon is <b>${exactly(warning)}</b> or more</dd>
  <dt>${standing('watch')}</dt><dd>readings are unusual, at <b>${figure(rate)}</b> false ${rate === 1 ? 'alarm' : 'alarms'} in 1,000 healthy hours</dd></dl>`;

/** @param {number} share */
const exactly = (share) => `${figure(share * 100, 3)}\u202f%`;

/** What a failure costs if this threshold is right. @param {number} alarm */
const stops = (alarm) => {
  const many = 1 / alarm - 1;
  return many >= 1 ? plural(Math.round(many), 'planned stop') : 'less than a planned stop';
};

/**
 * Ask for others, and show meanwhile what they would change.
 * @param {string} id of the machine @param {Thresholds} before @param {() => void} done
 */
export async function changeThresholds(id, before, done) {
  const looked = await look(id);
  const preview = (/** @type {Event} */ event) => {
    const form = /** @type {HTMLInputElement} */ (event.target).form;
    const place = form?.querySelector('output');
    if (form && place) render(form.checkValidity() ? effect(looked, before, wantedOf(new FormData(form), before)) : nothing, place);
  };
  confirmAct({
    heading: 'Where levels begin',
    text: html`For all units of <b>${id}</b>. They are predicted again at once.`,
    fields: html`<div class="fields" @input=${preview}>
      ${field('alarm', 'Act now: failure within 24 h, %', asPercent(before.alarm), [0.0001, 100], 'usual: 9.091; then a failure costs ten planned stops')}
      ${field('warning', 'Plan work: failure within the planning horizon, %', asPercent(before.warning), [0.0001, 100], 'usual: 50')}
      ${field('rate', 'Watch: false alarms in 1,000 healthy hours', String(before.false_alarms_per_1000_hours), [0.001, 1_000], 'usual: 1')}
      <div class="field"><span class="label" id="would">What would change</span>
        <output for="alarm warning rate" aria-labelledby="would"></output>
        <span class="hint">${looked.refusal || 'By the newest predictions; it follows the numbers above.'}</span></div></div>`,
    button: 'Change',
    act: (form, key) => send(`/api/gan/machines/${part(id)}/thresholds`, wantedOf(form, before), { key }),
    done,
  });
}

/** @param {string} name @param {string} label @param {string} value @param {[number, number]} limits @param {string} hint */
const field = (name, label, value, [least, most], hint) => html`<div class="field"><label for=${name}>${label}</label>
  <input id=${name} name=${name} type="number" required min=${least} max=${most} step="any" value=${value} aria-describedby="${name}-hint">
  <span class="hint" id="${name}-hint">${hint}</span></div>`;

/** Its units; without them the thresholds can be changed all the same. @param {string} id @returns {Promise<Looked>} */
async function look(id) {
  try {
    /** @type {UnitPage} */
    const page = await get(`/api/gan/units${query({ machine_id: id, limit: LOOKED_AT })}`);
    return { units: page.items, more: page.next_cursor !== null, refusal: '' };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { units: [], more: false, refusal: `Not known now: ${error.message}` };
  }
}

/** @param {number} share */
const asPercent = (share) => String(Number((share * 100).toPrecision(4)));

/** A number that was left as it is stays exactly that. @param {FormData} form @param {Thresholds} before @returns {Thresholds} */
function wantedOf(form, before) {
  const share = (/** @type {'alarm' | 'warning'} */ name) =>
    form.get(name) === asPercent(before[name]) ? before[name] : Number(form.get(name)) / 100;
  return { alarm: share('alarm'), warning: share('warning'), false_alarms_per_1000_hours: Number(form.get('rate')) };
}

/** @param {Looked} looked @param {Thresholds} before @param {Thresholds} wanted */
function effect({ units, more, refusal }, before, wanted) {
  if (refusal) return nothing;
  const moves = units.flatMap((unit) => {
    const [then, now] = [move(unit, before), move(unit, wanted)];
    return now === null || now === then ? [] : [{ unit, now }];
  });
  const rising = moves.filter(({ unit, now }) => LEVELS.indexOf(now) < LEVELS.indexOf(unit.level));
  const falling = moves.filter((one) => !rising.includes(one));
  const isRate = wanted.false_alarms_per_1000_hours !== before.false_alarms_per_1000_hours;
  return html`
    ${rising.length ? html`<p>Rise at once:</p><ul>${named(rising)}</ul>` : nothing}
    ${falling.length ? html`<p>Fall, once their readings have been calm for a while:</p><ul>${named(falling)}</ul>` : nothing}
    ${moves.length ? nothing : html`<p>No unit moves to another level${isRate ? ' by its probabilities' : ''}${more ? ` among the ${LOOKED_AT} most urgent` : ''}.</p>`}
    ${isRate ? html`<p>Which readings count as unusual shows after the next predictions.</p>` : nothing}`;
}

/** @param {{unit: Unit, now: Level}[]} moves */
const named = (moves) => html`${moves.slice(0, NAMED).map(({ unit, now }) => html`<li class="row"><b>${unit.unit}</b> ${standing(unit.level)} → ${standing(now)}</li>`)}
  ${moves.length > NAMED ? html`<li>and ${plural(moves.length - NAMED, 'other')}</li>` : nothing}`;

/** Where a unit goes from its level, by its newest prediction; null if it stays. @param {{level: Level, prediction: Prediction | null}} unit @param {Thresholds} thresholds @returns {Level | null} */
export function move({ level, prediction }, thresholds) {
  if (!prediction || level === 'no_forecast' || isPrior(prediction)) return null;
  const [raised, held] = [levelBy(prediction, thresholds, 1), levelBy(prediction, thresholds, HELD_AT)];
  if (LEVELS.indexOf(raised) < LEVELS.indexOf(level)) return raised;
  const isHigh = level === 'alarm' || level === 'warning';
  return isHigh && LEVELS.indexOf(held) > LEVELS.indexOf(level) ? held : null;
}

/** The level that probabilities reach, at a share of the thresholds. @param {Prediction} prediction @param {Thresholds} thresholds @param {number} portion @returns {Level} */
function levelBy({ probability_24h: soon, probabilities, novelty, novelty_limit: limit }, { alarm, warning }, portion) {
  if (soon >= alarm * portion) return 'alarm';
  if (1 - (probabilities.healthy ?? 1) >= warning * portion) return 'warning';
  return novelty !== null && limit !== null && novelty >= limit ? 'watch' : 'healthy';
}
