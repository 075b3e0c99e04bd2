// @ts-check
/** A machine type: its units, its chain, the versions of its predictor, how good they were, its files. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { get, href, part, query, unitHref } from '../app/api.js';
import { feed } from '../app/feed.js';
import { age, count, duration, figure, hours, moment, range, title as words } from '../app/format.js';
import { chainStanding, likeliest, standing } from '../app/health.js';
import { Renewal } from '../app/renewal.js';
import { router } from '../app/router.js';
import { actButton, deleteMachine } from '../parts/acts.js';
import { chainSteps } from '../parts/chain_steps.js';
import { files } from '../parts/files.js';
import { outcomeTable } from '../parts/outcomes.js';
import { changeThresholds, thresholdFacts } from '../parts/thresholds.js';

/** The page asks again at most once in this time when the socket reports a change of the chain. */
const RENEW_MS = 3_000;

/** @import { MachineDetail, Outcomes, Predictor, Predictors, Thresholds } from 'answers' */
/** @typedef {Awaited<ReturnType<typeof load>>} State */

export const title = (/** @type {State} */ state) => state.name;

/** A machine with one unit opens on that, unless the type or its files are asked for. @param {import('../app/router.js').Place} place */
export async function load({ params: [id, files], query: asked, signal }) {
  const only = files || asked.get('view') === 'type' ? undefined : await onlyUnit(id, signal);
  if (only !== undefined) router.go(`/machines/${part(id)}/units/${part(only)}`, { replace: true });
  const path = `/api/gan/machines/${part(id)}`;
  /** @type {[MachineDetail, Predictors, Outcomes, Thresholds]} */
  const [machine, predictors, outcomes, thresholds] = await Promise.all([
    get(path, signal),
    get(`${path}/predictors`, signal),
    get(`/api/gan/outcomes${query({ machine_id: id })}`, signal),
    get(`${path}/thresholds`, signal),
  ]);
  return {
    id, machine, predictors: predictors.items, outcomes, thresholds, renewal: new Renewal(RENEW_MS),
    name: `${machine.manufacturer} ${machine.model}`.trim() || id,
  };
}

/** The unit of a machine that has only one. @param {string} id @param {AbortSignal} signal */
async function onlyUnit(id, signal) {
  const its = feed.complete
    ? [...feed.units.values()].filter((unit) => unit.machine_id === id)
    : (await get(`/api/gan/units${query({ machine_id: id, limit: 2 })}`, signal)).items;
  return its.length === 1 ? (its[0].unit ?? undefined) : undefined;
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function update(state, { signal }) {
  const live = feed.machines.get(state.id);
  const same = !live || (live.since === state.machine.since && live.status === state.machine.status);
  if (!same && state.renewal.isDue)
    state.renewal.run(async () => (state.machine = await get(`/api/gan/machines/${part(state.id)}`, signal)));
}

/** @param {State} state */
export function view(state) {
  const { id, machine, name } = state;
  const its = [...feed.units.values()].filter((unit) => unit.machine_id === id);
  const live = feed.machines.get(id);
  const progress = live && live.status === 'running' && live.chain_progress !== undefined ? ` ${live.chain_progress} %` : '';
  return html`<p class="crumbs"><a href=${href('/fleet')}>Fleet</a> › ${name}</p>
    <div class="head"><h1 tabindex="-1">${name}</h1><span class="muted">${id}</span>
      <div class="row">${chainStanding(live?.status ?? machine.status, progress)}
        <a class="button" href=${`${unitHref(id)}/chain`}>Chain</a>
        ${machine.report ? html`<a class="button" href=${`${unitHref(id)}/compare`}>Seed and synthetic data</a>` : nothing}
        ${actButton('admin', 'Delete …', () => deleteMachine(machine, its.filter((unit) => unit.unit !== undefined).length, () => router.go('/fleet')))}
      </div></div>
    <section class="panel"><h2>Units in service</h2>${units(its)}</section>
    <div class="panels">
      <section class="panel"><h2>Chain</h2>${chainSteps(machine)}</section>
      <section class="panel"><h2>Where levels begin</h2>${thresholdFacts(state.thresholds)}
        <p>${actButton('write', 'Change …', () => changeThresholds(id, state.thresholds, () => router.reload()))}</p></section>
      <section class="panel wide"><h2>Versions of its predictor</h2>${versions(state.predictors)}</section>
      <section class="panel wide"><h2>How good the forecasts were</h2>${outcomeTable(state.outcomes)}</section>
      <section class="panel wide"><h2>Files</h2>${files(machine)}</section>
    </div>`;
}

/** @param {import('../app/feed.js').Unit[]} its */
function units(its) {
  const now = feed.now();
  if (!its.length) return html`<p class="muted">No unit yet; the first reading of a unit adds it.</p>`;
  return html`<div class="scroll" role="group" tabindex="0" aria-label="Units"><table><thead><tr><th>Unit</th><th>Level</th><th class="number">RUL</th><th class="number">90 % interval</th>
      <th>Likeliest failure</th><th class="number">Newest reading</th></tr></thead>
    <tbody>${its.map((unit) => html`<tr>
      <th scope="row">${unit.unit === undefined ? html`<span class="muted">a new unit</span>` : html`<a href=${unitHref(unit.machine_id, unit.unit)}>${unit.unit}</a>`}</th>
      <td>${standing(unit.level)}</td><td class="number">${hours(unit.rul_hours)}</td>
      <td class="number">${range(unit.rul_low_hours, unit.rul_high_hours)}</td><td>${likeliest(unit) || '–'}</td>
      <td class="number">${unit.seen_at === undefined ? '–' : `${duration(now - unit.seen_at)} ago`}</td></tr>`)}</tbody></table></div>`;
}

/** @param {Predictor[]} predictors */
function versions(predictors) {
  if (!predictors.length) return html`<p class="muted">None yet; the first is trained when the machine is onboarded.</p>`;
  return html`<ul class="alerts">${predictors.map((one) => html`<li>
    <p class="row"><b>Version ${one.version}</b> ${one.live ? html`<span class="tag">predicts</span>` : nothing}
      <time class="muted" title=${moment(one.created_at)}>${age(one.created_at, feed.now())}</time></p>
    <p>Learnt from ${one.learnt_from} (${count(one.units)})${one.note ? `; ${one.note}` : ''}</p>
    ${one.no_forecast ? html`<p class="refusal">No RUL: ${one.no_forecast}</p>` : nothing}
    <details><summary>Scores on units that it has not seen</summary>
      <dl class="facts">${Object.entries(one.scores).map(([name, value]) => html`<dt>${words(name)}</dt><dd class="number">${figure(Number(value), 3)}</dd>`)}</dl></details>
  </li>`)}</ul>`;
}
