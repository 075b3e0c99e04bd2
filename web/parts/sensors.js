// @ts-check
/** The sensors of a unit: newest reading, normal band, failure value, and the course of both. */
import { html, nothing, svg } from '../vendor/lit-html/lit-html.js';
import { figure, hours, measure, title } from '../app/format.js';
import { band } from './reasons.js';

/** @import { Prediction, ReadingCourse, Sensor, SensorOutlook } from 'answers' */

/** @param {ReadingCourse} course @returns {Map<string, number>} the newest reading of each sensor */
export function newest({ readings }) {
  const found = new Map();
  for (const [name, values] of Object.entries(readings)) {
    const value = values.findLast((one) => one !== null);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/**
 * @param {Sensor[]} sensors of the profile, those that count first
 * @param {ReadingCourse} course
 * @param {Prediction | null} prediction
 */
export function sensorCharts(sensors, { readings }, prediction) {
  const outlook = new Map((prediction?.outlook ?? []).map((one) => [one.sensor, one]));
  const silent = new Set(prediction?.silent_sensors ?? []);
  const stuck = new Set(prediction?.stuck_sensors ?? []);
  return html`<ul class="sensors">${sensors.map((sensor) => {
    const values = readings[sensor.name] ?? [];
    const last = values.findLast((value) => value !== null);
    const fault = silent.has(sensor.name) ? 'silent' : stuck.has(sensor.name) ? 'stuck' : '';
    return html`<li>
      <h3>${title(sensor.name)} ${fault ? html`<span class="fault">${fault}</span>` : nothing}</h3>
      <p class="number"><b>${figure(last)} ${measure(sensor.unit)}</b></p>
      <p class="muted number">normal ${band(sensor)}${sensor.failure === null || sensor.failure === undefined ? '' : `, failed at ${figure(sensor.failure)}`}</p>
      ${spark(sensor, values)}
      ${ahead(outlook.get(sensor.name), sensor)}
    </li>`;
  })}</ul>`;
}

/** @param {SensorOutlook | undefined} outlook @param {Sensor} sensor */
function ahead(outlook, sensor) {
  if (!outlook?.hours?.length) return html`<p class="muted">&nbsp;</p>`;
  const last = outlook.hours.length - 1;
  const [low, high] = [outlook.low[last], outlook.high[last]];
  if (low === null || high === null) return html`<p class="muted">&nbsp;</p>`;
  const wait = outlook.hours_to_alarm;
  const alarm = wait === null ? '' : wait === 0 ? '; more than halfway to failure' : `; halfway to failure in ${hours(wait)}`;
  return html`<p class="muted number">in ${hours(outlook.hours[last])}: ${figure(low)}–${figure(high)} ${measure(sensor.unit)}${alarm}</p>`;
}

/** @param {Sensor} sensor @param {(number | null)[]} values */
function spark(sensor, values) {
  const known = /** @type {number[]} */ (values.filter((value) => value !== null));
  if (known.length < 2) return html`<p class="muted">No course yet.</p>`;
  const reach = [...known, sensor.normal.min, sensor.normal.max];
  const spread = Math.max(...reach) - Math.min(...reach) || 1;
  const failure = sensor.failure;
  // The failure value is drawn once the readings come near it; else it would flatten them.
  const isNear = typeof failure === 'number' && Math.min(...reach.map((value) => Math.abs(value - failure))) < spread;
  if (isNear) reach.push(failure);
  const [low, high] = [Math.min(...reach), Math.max(...reach)];
  const y = (/** @type {number} */ value) => 46 - ((value - low) / (high - low || 1)) * 44;
  const points = values.flatMap((value, index) =>
    value === null ? [] : [`${((index / (values.length - 1)) * 100).toFixed(2)},${y(value).toFixed(2)}`]);
  const top = y(sensor.normal.max);
  return html`<svg class="spark" viewBox="0 0 100 48" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<rect class="band" x="0" y=${top} width="100" height=${Math.max(0.5, y(sensor.normal.min) - top)}></rect>
    ${isNear ? svg`<line class="failure" x1="0" x2="100" y1=${y(failure)} y2=${y(failure)}></line>` : nothing}
    <polyline points=${points.join(' ')}></polyline>`}</svg>`;
}
