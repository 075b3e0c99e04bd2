// @ts-check
/** The maintenance plan: windows with what they hold, who is left out, and what other rules cost. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { Problem, get, href, query, unitHref } from '../app/api.js';
import { feed } from '../app/feed.js';
import { count, day, figure, moment, percent, plural, zone } from '../app/format.js';
import { Renewal } from '../app/renewal.js';
import { router } from '../app/router.js';

const WINDOW = 'sunday 06:00-14:00, 3 units';

/** @type {Record<string, string>} */
const RULES = { 'run to failure': 'Run to failure', 'fixed age': 'Fixed age', threshold: 'Threshold' };

/** @import { PlanDocument, PlannedStop, UnitLeftOut, WindowUse } from 'answers' */
/** @typedef {ReturnType<typeof load>} State */

export const title = () => 'Plan';

/** @param {URLSearchParams} asked */
const termsOf = (asked) => ({
  window: asked.getAll('window').length ? asked.getAll('window') : [WINDOW],
  failure_cost: asked.get('failure_cost') ?? '10',
  stop_cost: asked.get('stop_cost') ?? '1',
  stop_hours: asked.get('stop_hours') ?? '4',
  weeks: asked.get('weeks') ?? '4',
  zone: asked.get('zone') ?? zone(),
});

/** A plan is asked for as soon as the feed has a unit with a forecast; without one there is nothing to plan. */
export const load = () => ({
  asked: /** @type {string | null} */ (null), plan: /** @type {PlanDocument | null} */ (null),
  refusal: /** @type {Problem | null} */ (null), renewal: new Renewal(0),
});

function hasForecast() {
  for (const unit of feed.units.values()) if (unit.predicted_at !== undefined) return true;
  return false;
}

/** @param {State} state @param {URLSearchParams} asked @param {AbortSignal} signal */
async function ask(state, asked, signal) {
  try {
    state.plan = await get(`/api/gan/plan${query(termsOf(asked))}`, signal);
    state.refusal = null;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 422) throw error;
    state.refusal = error;
  }
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function update(state, { query: asked, signal }) {
  const wanted = asked.toString();
  if (wanted === state.asked || !state.renewal.isDue || !hasForecast()) return;
  state.asked = wanted;
  state.renewal.run(() => ask(state, asked, signal));
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function view(state, { query: asked }) {
  const terms = termsOf(asked);
  const link = (/** @type {string} */ format) => href(`/api/gan/plan${query({ ...terms, format })}`);
  return html`<div class="head"><h1 tabindex="-1">Maintenance plan</h1>
      ${state.plan ? html`<span class="muted">from forecasts of ${moment(Date.parse(state.plan.made_for))}</span>
        <div class="row"><a class="button" href=${link('csv')} download="plan.csv">Table (CSV)</a>
          <a class="button" href=${link('ics')} download="plan.ics">Calendar (iCalendar)</a></div>` : nothing}</div>
    ${form(terms, state)}
    ${state.plan && !state.refusal ? plan(state.plan) : state.refusal ? nothing : waiting()}`;
}

/** What is shown before the first plan. */
function waiting() {
  if (!feed.complete || hasForecast()) return html`<p class="muted">${feed.state === 'lost' ? 'The service must answer first.' : 'Planning …'}</p>`;
  return html`<p class="empty">No unit has a forecast yet. Once readings of units arrive, you see here which one to stop in which window, and why.</p>`;
}

/** @param {ReturnType<typeof termsOf>} terms @param {State} state */
function form(terms, state) {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const wanted = new URLSearchParams();
    for (const line of String(given.get('windows')).split('\n')) if (line.trim()) wanted.append('window', line.trim());
    for (const name of ['failure_cost', 'stop_cost', 'stop_hours', 'weeks']) wanted.set(name, String(given.get(name)));
    router.go(`/plan?${wanted}`, { replace: true });
  };
  /** @param {string} name @param {string} label @param {string} value */
  const number = (name, label, value) => html`<div class="field"><label for=${name}>${label}</label>
    <input id=${name} name=${name} type="number" step="any" min="0" required .value=${value}></div>`;
  return html`<form class="panel terms" @submit=${submit}>
    <div class="field windows"><label for="windows">Maintenance windows, one a line</label>
      <textarea id="windows" name="windows" rows=${Math.max(2, terms.window.length)} aria-describedby="windows-hint" .value=${terms.window.join('\n')}></textarea>
      <p class="hint" id="windows-hint">Such as “sunday 06:00-14:00, 3 units” or “2026-12-06T06:00/2026-12-06T14:00, 16 hours”; times in ${terms.zone}</p></div>
    ${number('failure_cost', 'A failure costs', terms.failure_cost)} ${number('stop_cost', 'A stop costs', terms.stop_cost)}
    ${number('stop_hours', 'A stop takes, h', terms.stop_hours)} ${number('weeks', 'Weeks ahead', terms.weeks)}
    <button class="primary">${state.renewal.isBusy ? 'Planning …' : 'Plan'}</button>
    ${state.refusal ? html`<div class="refusal windows" role="alert">
      ${state.refusal.errors.map((one) => html`<p>${one.path}: ${one.message}; ${one.advice}</p>`)}</div>` : nothing}
  </form>`;
}

/** @param {PlanDocument} found */
function plan(found) {
  return html`<div class="costs panel">
      <div><p class="label">Expected cost with this plan</p><p class="large number">${figure(found.expected_cost, 3)}</p>
        <p class="muted">${figure(found.expected_failures, 2)} failures expected, ${plural(found.stops.length, 'stop')}</p></div>
      ${found.rules.map((rule) => html`<div><p class="label">${RULES[rule.rule] ?? rule.rule}</p>
        <p class="large number">${figure(rule.expected_cost, 3)}</p>
        <p class="muted">${figure(rule.expected_failures, 2)} failures, ${plural(rule.stops, 'stop')}; ${figure(rule.expected_cost / found.expected_cost, 2)} times as much</p></div>`)}
    </div>
    <div class="windows-grid">${found.windows.map((one, index) => windowPanel(one, found.stops.filter((stop) => stop.window === index)))}</div>
    <section class="panel left-out"><h2>Left out</h2>
      ${found.left_out.length ? leftOut(found.left_out) : html`<p class="muted">No unit.</p>`}</section>`;
}

/** @param {{machine_id: string, unit: string}} of */
function unitLink({ machine_id, unit }) {
  const machine = feed.machines.get(machine_id);
  return html`<a href=${unitHref(machine_id, unit)}>${machine ? `${machine.manufacturer} ${machine.model}` : machine_id}, unit ${unit}</a>`;
}

/** @param {WindowUse} use @param {PlannedStop[]} stops */
function windowPanel({ window: its, units, work_hours: work }, stops) {
  const [start, end] = [Date.parse(its.start), Date.parse(its.end)];
  const weekday = new Intl.DateTimeFormat('en', { weekday: 'long' }).format(start);
  const limit = its.units === null ? `${figure(work, 3)} of ${its.work_hours} h` : `${count(units)} of ${plural(its.units, 'unit')}`;
  const [used, most] = its.units === null ? [work, its.work_hours] : [units, its.units];
  return html`<section class="panel"><h2>${weekday} ${day(start)}</h2>
    <p class="muted number">${moment(start).slice(11)}–${moment(end).slice(11)}, ${limit}</p>
    <progress max=${most ?? 1} value=${used} aria-label="Capacity in use"></progress>
    ${stops.length ? html`<ul class="alerts">${stops.map((stop) => html`<li><p>${unitLink(stop)} <span class="muted number">${figure(stop.stop_hours, 2)} h, saves ${figure(stop.saved, 3)}</span></p>
      <p class="muted">${stop.reason}</p></li>`)}</ul>` : html`<p class="muted">No unit is worth a stop here.</p>`}</section>`;
}

/** @param {UnitLeftOut[]} found */
const leftOut = (found) => html`<div class="scroll" role="group" tabindex="0" aria-label="Left out"><table><thead><tr><th>Unit</th><th class="number">Fails within the horizon</th><th>Because</th><th>In figures</th></tr></thead>
  <tbody>${found.map((one) => html`<tr><th scope="row">${unitLink(one)}</th><td class="number">${percent(one.failure_probability)}</td>
    <td>${one.because.startsWith('it probably fails') ? html`<b>${one.because}</b>` : one.because}</td><td class="muted">${one.reason}</td></tr>`)}</tbody></table></div>`;
