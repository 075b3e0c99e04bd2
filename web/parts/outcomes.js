// @ts-check
/** Forecasts against outcomes. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { count, hours, percent, plural } from '../app/format.js';

/** @import { HorizonFigures, Outcomes, Share } from 'answers' */

/** @param {Outcomes} outcomes */
export function outcomeTable(outcomes) {
  if (!outcomes.failed)
    return html`<p class="muted">No unit has failed yet${outcomes.maintained ? `; ${plural(outcomes.maintained, 'life', 'lives')} ended by maintenance` : ''}.
      When one fails, report it on its page: forecasts are then compared with what happened.</p>`;
  const { alerts } = outcomes;
  return html`<p>${plural(outcomes.failed, 'failure')}, ${plural(outcomes.maintained, 'life', 'lives')} ended by maintenance.
      Of ${plural(alerts.raised, 'warning or alarm', 'warnings and alarms')}, ${count(alerts.right)} came before a failure, ${count(alerts.false.count)} were false${
      alerts.false.per_1000_hours === null ? '' : ` (${alerts.false.per_1000_hours.toFixed(2)} in 1,000 hours)`}, ${count(alerts.undecided)} are not decided.</p>
    ${horizons('Failures of all versions', outcomes.horizons)}
    ${outcomes.by_version.length > 1 ? outcomes.by_version.map((one) =>
      horizons(one.version === null ? 'Versions that are removed' : `Version ${one.version}`, one.horizons)) : nothing}
    <p class="muted">Few cases say little: each share has its 90 % interval. The interval of a forecast should hold in 90 % of cases.</p>`;
}

/** @param {string} caption @param {HorizonFigures[]} found */
const horizons = (caption, found) => html`<div class="scroll" role="group" tabindex="0" aria-label="Forecasts against outcomes"><table>
  <caption>${caption}</caption>
  <thead><tr><th>Before the failure</th><th class="number">Forecasts</th><th class="number">Was at warning or alarm</th><th class="number">Interval held</th>
    <th class="number">Right failure mode</th><th class="number">Median error</th><th class="number">Mean error</th></tr></thead>
  <tbody>${found.map((one) => html`<tr><th scope="row">${hours(one.hours)}</th><td class="number">${count(one.hit.of)}</td>
    <td class="number">${share(one.hit)}</td><td class="number">${share(one.coverage)}</td><td class="number">${share(one.mode)}</td>
    <td class="number">${hours(one.median_absolute_error_hours)}</td><td class="number">${hours(one.bias_hours)}</td></tr>`)}</tbody></table></div>`;

/** @param {Share} one */
const share = (one) =>
  one.share === null || one.low === null ? '–' : html`${one.count} of ${one.of} <span class="muted">${Math.round(one.low * 100)}–${percent(one.high)}</span>`;
