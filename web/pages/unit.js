// @ts-check
/** One unit: what is forecast, why, its sensors, its alerts and its lives. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { get, href, part, query, typeHref, unitHref } from '../app/api.js';
import { feed } from '../app/feed.js';
import { age, between, duration, figure, hours, moment, words } from '../app/format.js';
import { SIGNS, isPrior, isStale, sign, standing } from '../app/health.js';
import { Renewal } from '../app/renewal.js';
import { router } from '../app/router.js';
import { actButton, acknowledge, reportFailure, reportMaintenance } from '../parts/acts.js';
import { TimeChart } from '../parts/chart.js';
import { SENSOR_HOURS, forecastsOf, inAddress, lifeOf, periodOf, readingsOf } from '../parts/course.js';
import { chances, why } from '../parts/reasons.js';
import { newest, sensorCharts } from '../parts/sensors.js';
import { addSilence } from '../parts/silences.js';
import { alertLine } from '../parts/alert.js';
import { Lives } from '../parts/lives.js';

/** @import { Alert, ForecastCourse, MachineDetail, Prediction, ReadingCourse, Sensor, Unit } from 'answers' */
/** @import { Place } from '../app/router.js' */

/**
 * @typedef {object} State
 * @property {Unit & {unit: string}} unit
 * @property {MachineDetail} machine
 * @property {string} name
 * @property {Alert[]} alerts
 * @property {ForecastCourse} forecasts
 * @property {ReadingCourse} readings
 * @property {Lives} lives
 * @property {Renewal} renewal
 * @property {string} asked the period in the address whose forecasts are there
 * @property {TimeChart} chart
 */

/** The page asks again at most once in this time when the socket reports a new forecast. */
const RENEW_MS = 5_000;

/** @param {State} state */
export function title({ unit, name }) {
  const rul = unit.prediction ? `: ${hours(unit.prediction.rul_hours)}` : '';
  return `${SIGNS[unit.level]} ${name}, unit ${unit.unit}${rul}`;
}

/** @param {Place} place @returns {Promise<State>} */
export async function load({ params: [id, name], query: asked, signal }) {
  const [its, machine] = await Promise.all([found(id, name, signal), get(`/api/gan/machines/${part(id)}`, signal)]);
  /** @type {State} */
  const state = {
    ...its, machine, name: `${machine.manufacturer} ${machine.model}`.trim() || id,
    forecasts: { predicted_at: [], rul_hours: [], rul_low_hours: [], rul_high_hours: [] },
    readings: { at: [], readings: {} },
    lives: new Lives(id, name),
    renewal: new Renewal(RENEW_MS),
    asked: '',
    chart: new TimeChart({
      id: 'forecast',
      heading: 'Remaining useful life, as forecast over time',
      columns: ['RUL', 'from', 'to'],
      text: hours,
      line: (index) => fanLine(state, index),
      zoom: (period) => router.change(inAddress(period)),
    }),
  };
  await history(state, asked, signal);
  return state;
}

/** The unit and its alerts. @param {string} id @param {string} name @param {AbortSignal} signal */
async function found(id, name, signal) {
  const [unit, alerts] = await Promise.all([
    get(`/api/gan/machines/${part(id)}/units/${part(name)}`, signal),
    get(`/api/gan/alerts${query({ machine_id: id, limit: 200 })}`, signal),
  ]);
  return { unit, alerts: alerts.items.filter((/** @type {Alert} */ alert) => alert.unit === name) };
}

/** @param {State} state @param {number} index */
function fanLine({ forecasts: { rul_hours: middle, rul_low_hours: low, rul_high_hours: high } }, index) {
  return html`${hours(middle[index])}, 90 % ${between(low[index], high[index])}`;
}

/** The forecasts of this life and the newest readings. @param {State} state @param {URLSearchParams} asked @param {AbortSignal} signal */
async function history(state, asked, signal) {
  if (state.unit.seen_at === null) return;
  state.asked = periodIn(asked);
  [state.forecasts, state.readings] = await Promise.all([
    forecastsOf(state.unit, periodOf(asked), signal),
    readingsOf(state.unit, signal),
  ]);
  draw(state, asked);
}

/** @param {URLSearchParams} asked */
const periodIn = (asked) => `${asked.get('from')} ${asked.get('to')}`;

/** Put the forecasts into the chart. @param {State} state @param {URLSearchParams} asked */
function draw({ unit, forecasts, chart }, asked) {
  const limits = [{ at: 24, name: 'a day' }];
  if (unit.prediction) limits.push({ at: unit.prediction.planning_hours, name: 'planning horizon' });
  chart.set({
    times: forecasts.predicted_at, middle: forecasts.rul_hours, low: forecasts.rul_low_hours, high: forecasts.rul_high_hours,
    limits, whole: lifeOf(unit), period: periodOf(asked),
  });
}

/** Another period was chosen, or the socket reports a newer forecast. @param {State} state @param {Place} place */
export function update(state, { query: asked, signal }) {
  const { machine_id: id, unit: name } = state.unit;
  if (periodIn(asked) !== state.asked && !state.renewal.isBusy)
    state.renewal.run(async () => {
      state.asked = periodIn(asked);
      state.forecasts = await forecastsOf(state.unit, periodOf(asked), signal);
      draw(state, asked);
    });
  const live = feed.units.get(`${id}/${name}`);
  const isNewer = live && (live.predicted_at !== (state.unit.predicted_at ?? undefined) || live.level !== state.unit.level);
  if (isNewer && state.renewal.isDue)
    state.renewal.run(async () => {
      Object.assign(state, await found(id, name, signal));
      await history(state, asked, signal);
    });
}

export const leave = (/** @type {State | null} */ state) => state?.chart.leave();

/** @param {State} state */
export function view(state) {
  const { unit, machine, name } = state;
  const prediction = unit.prediction;
  return html`<p class="crumbs"><a href=${href('/fleet')}>Fleet</a> › <a href=${typeHref(unit.machine_id)}>${name}</a></p>
    <div class="head">
      <h1 tabindex="-1">${name}, unit ${unit.unit}</h1><span class="muted">${unit.machine_id}</span>
      <div class="row">${acts(state)}</div>
    </div>
    ${summary(state)}
    ${prediction ? html`<p class="sentence">${words(prediction.sentence)}</p>` : nothing}
    <div class="panels">
      <div class="stack"><section class="panel">${state.chart.view()}</section>
        <section class="panel"><h2>Alerts</h2>
          ${state.alerts.length
            ? html`<ul class="alerts">${state.alerts.map((alert) => alertLine(alert, feed.now()))}</ul>`
            : html`<p class="muted">No alert was raised.</p>`}</section>
        <section class="panel">${state.lives.view(unit)}</section></div>
      <section class="panel">${prediction
        ? why(prediction, sensorsOf(machine), newest(state.readings))
        : html`<h2>Why</h2><p class="muted">Here are the reasons of a forecast: what each sensor adds to the usual life, or takes from it.</p>`}</section>
      <section class="panel wide"><h2>Sensors, the last ${SENSOR_HOURS} h of readings</h2>
        ${sensorCharts(byWeight(machine.profile.sensors, prediction), state.readings, prediction)}</section>
    </div>`;
}

/** @param {State} state */
function acts({ unit, machine, alerts }) {
  const modes = machine.profile.failure_modes.map((mode) => mode.name);
  const again = () => router.reload();
  const open = alerts.find((alert) => alert.id === unit.alert_id);
  return html`${open && !open.acknowledged_at
      ? actButton('write', 'Acknowledge', () => acknowledge(open.id, `Alert ${open.id}: ${open.cause}`, again), 'primary') : nothing}
    ${actButton('write', 'Failure happened', () => reportFailure(unit, modes, again))}
    ${actButton('write', 'Maintenance done', () => reportMaintenance(unit, [...sensorsOf(machine).keys()], again))}
    ${actButton('write', 'Silence …', () => addSilence(unit, again))}`;
}

/** @param {MachineDetail} machine */
const sensorsOf = (machine) => new Map(machine.profile.sensors.map((one) => [one.name, one]));

/** Those that count in the forecast come first. @param {Sensor[]} sensors @param {Prediction | null} prediction */
function byWeight(sensors, prediction) {
  const weight = new Map((prediction?.reasons ?? []).map((one) => [one.sensor, Math.abs(one.hours)]));
  return [...sensors].sort((one, other) => (weight.get(other.name) ?? -1) - (weight.get(one.name) ?? -1));
}

/** @param {State} state */
function summary({ unit, machine }) {
  const now = feed.now();
  const live = feed.units.get(`${unit.machine_id}/${unit.unit}`);
  const prediction = unit.prediction;
  if (unit.level === 'no_forecast' && prediction && !isPrior(prediction))
    return html`<div class="summary ${unit.level}"><div><p class="large">${standing(unit.level)}</p><p>${unit.why}</p></div>
      <p class="muted">The last forecast, of ${moment(unit.predicted_at ?? now)}, was ${hours(prediction.rul_hours)}, ${between(prediction.rul_low_hours, prediction.rul_high_hours)}.
        <br>The next reading renews it.</p></div>`;
  if (!prediction)
    return html`<div class="summary ${unit.level}"><div>${standing(unit.level)}<p>${unit.why}</p></div>
      <p class="muted">${machine.status === 'onboarded' ? 'A forecast follows with the next readings.' : 'Its machine is not onboarded yet.'}
        <a href=${`${unitHref(unit.machine_id)}/chain`}>See its chain</a></p></div>`;
  const held = unit.seen_at && unit.level_since ? unit.seen_at - unit.level_since : 0;
  const days = prediction.rul_hours >= 48 ? html` <span class="muted">≈ ${Math.round(prediction.rul_hours / 24)} d</span>` : nothing;
  return html`<div class="summary ${unit.level}">
    <div><p class="large">${standing(unit.level)}</p>
      <p class="muted">${held >= 60_000 ? `for ${duration(held)} of readings` : 'since the newest reading'}</p></div>
    <div><p class="large number">${hours(prediction.rul_hours)}${days}</p>
      <p class="muted number">90 % ${between(prediction.rul_low_hours, prediction.rul_high_hours)}${isPrior(prediction) ? ', as usual for its type' : ''}</p></div>
    <div><p class="label">Within ${hours(prediction.planning_hours)}</p>${chances(prediction)}</div>
    <div><p class="label">Is it odd?</p>
      <p class="number">novelty ${figure(prediction.novelty, 3)} <span class="muted">limit ${figure(prediction.novelty_limit, 3)}</span></p>
      <p class="number">strangeness ${figure(prediction.strangeness, 2)} <span class="muted">limit 0.95</span></p></div>
    <div><p class="label">As of</p>
      <p class="number">${isStale(live ?? unit, now) ? sign('clock') : nothing} ${unit.seen_at === null
        ? 'no reading yet' : html`<time title=${moment(unit.seen_at)}>reading ${age(unit.seen_at, now)}</time>`}</p>
      <p class="muted">${unit.predictor_version === null ? 'no model' : html`model version ${unit.predictor_version}`}${
        live?.learnt_from ? `, learnt from ${live.learnt_from}` : ''}</p></div>
  </div>`;
}
