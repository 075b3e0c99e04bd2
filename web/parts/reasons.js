// @ts-check
/** Why a forecast is what it is: hours that add up, with the reading and its normal band next to each. */
import { html, nothing, svg } from '../vendor/lit-html/lit-html.js';
import { change, figure, hours, measure, percent, range, title, words } from '../app/format.js';

/** @import { Prediction, Reason, Sensor } from 'answers' */

/** Reasons of less than this share of the largest are summed as "others". */
const LEAST_SHARE = 0.02;
const MOST_ROWS = 8;

/**
 * @param {Prediction} prediction
 * @param {Map<string, Sensor>} sensors of the profile, by name
 * @param {Map<string, number>} readings the newest, by sensor
 */
export function why(prediction, sensors, readings) {
  const { reasons } = prediction;
  if (!reasons.length || prediction.usual_hours === null)
    return html`<h2>Why</h2><p class="muted">The forecast is the usual life of the type: this unit was not watched for long enough.</p>`;
  const sorted = [...reasons].sort((one, other) => Math.abs(other.hours) - Math.abs(one.hours));
  const largest = Math.max(1, Math.abs(sorted[0].hours));
  const shown = sorted.filter((one, index) => index < MOST_ROWS && Math.abs(one.hours) >= LEAST_SHARE * largest);
  const usual = Math.round(prediction.usual_hours);
  const total = Math.round(prediction.usual_hours + reasons.reduce((sum, one) => sum + one.hours, 0));
  const others = total - usual - shown.reduce((sum, one) => sum + Math.round(one.hours), 0);
  return html`<h2 id="why">Why ${hours(total)}</h2>
    ${strange(prediction)}
    <div class="scroll" role="group" tabindex="0" aria-label="Reasons"><table class="why" aria-labelledby="why">
      <thead><tr><th>Because of</th><th class="number">Hours</th><th class="bars"><span class="unseen">As a bar</span></th><th>Reading</th></tr></thead>
      <tbody>
        <tr><th scope="row">Usual for its type</th><td class="number">${hours(usual)}</td><td></td><td></td></tr>
        ${shown.map((one) => row(one, largest, sensors.get(one.sensor), readings.get(one.sensor)))}
        ${others ? html`<tr><th scope="row">Others</th><td class="number">${change(others)}</td><td>${diverging(others, largest)}</td><td></td></tr>` : nothing}
      </tbody>
      <tfoot><tr><th scope="row">Forecast</th><td class="number"><b>${hours(total)}</b></td><td></td><td></td></tr></tfoot>
    </table></div>
    ${Math.abs(total - prediction.rul_hours) >= 1
      ? html`<p class="muted">The newest forecast is ${hours(prediction.rul_hours)}. Reasons are renewed every five minutes of readings.</p>`
      : nothing}
    ${similar(prediction.similar_lives ?? [])}
    <p class="muted">Hours that each reading adds to the usual life, or takes from it. They show what the model looked at, not what caused it.</p>`;
}

/** @param {Reason} reason @param {number} largest @param {Sensor | undefined} sensor @param {number | undefined} reading */
function row(reason, largest, sensor, reading) {
  const used = reason.used === null ? nothing : html` <span class="muted normal">${percent(Math.max(0, Math.min(1, reason.used)))} worn</span>`;
  return html`<tr><th scope="row">${title(reason.sensor)}${used}</th>
    <td class="number">${change(reason.hours)}</td>
    <td>${diverging(reason.hours, largest)}</td>
    <td class="number">${sensor && reading !== undefined
      ? html`${figure(reading)} ${measure(sensor.unit)} <span class="muted normal">normal ${band(sensor)}</span>` : nothing}</td></tr>`;
}

/** @param {Sensor} sensor */
export const band = (sensor) => `${figure(sensor.normal.min)}–${figure(sensor.normal.max)}`;

/** @param {number} value @param {number} largest */
function diverging(value, largest) {
  const width = Math.min(50, (Math.abs(value) / largest) * 50);
  return html`<svg class="diverging" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<rect class=${value < 0 ? 'less' : 'more'} x=${value < 0 ? 50 - width : 50} y="1.5" width=${width} height="7"></rect>
    <rect class="zero" x="49.75" y="0" width="0.5" height="10"></rect>`}</svg>`;
}

/** When no past life was like this, that comes first. @param {Prediction} prediction */
function strange({ strangeness, widened }) {
  if (strangeness === null || strangeness <= 0.95) return nothing;
  return html`<p class="caution">No past life was in a condition like this (strangeness ${figure(strangeness, 3)}, limit 0.95).
    ${widened > 1 ? `The interval is ${figure(widened, 2)} times as wide for that.` : ''} Take the forecast as a guess.</p>`;
}

/** @param {{rul_hours: number, failure_mode: string}[]} lives */
function similar(lives) {
  if (!lives.length) return nothing;
  const ends = lives.map((life) => `${words(life.failure_mode)} after ${hours(life.rul_hours)}`);
  return html`<p>Past lives that were once in a similar condition ended by ${ends.slice(0, -1).join(', ')}${
    ends.length > 1 ? ' and ' : ''}${ends[ends.length - 1]}.</p>`;
}

/** Chances of each failure mode within the planning horizon; those under 5 % are summed. @param {Prediction} prediction */
export function chances(prediction) {
  const found = Object.entries(prediction.probabilities ?? {}).filter(([name]) => name !== 'healthy');
  const sorted = /** @type {[string, number][]} */ (found).sort(([, one], [, other]) => other - one);
  const large = sorted.filter(([, share]) => share >= 0.05);
  const rest = sorted.filter(([, share]) => share < 0.05).reduce((sum, [, share]) => sum + share, 0);
  const healthy = prediction.probabilities?.healthy;
  return html`<ul class="chances">
    ${large.map(([name, share], index) => html`<li class=${index ? '' : 'likeliest'}>${words(name)} <b>${percent(share)}</b></li>`)}
    ${rest > 0.005 && large.length ? html`<li>others <b>${percent(rest)}</b></li>` : nothing}
    ${healthy === undefined ? nothing : html`<li>none of these <b>${percent(healthy)}</b></li>`}
  </ul>`;
}

/** @param {Prediction} prediction */
export const interval = (prediction) => range(prediction.rul_low_hours, prediction.rul_high_hours);
