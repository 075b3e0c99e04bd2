// @ts-check
/** Seed against synthetic data: the verdict first, then each question with its answer. */
import { html, nothing, svg } from '../vendor/lit-html/lit-html.js';
import { get, href, part, typeHref } from '../app/api.js';
import { count, figure, title as words } from '../app/format.js';
import { correlations, legend, sensorCards } from '../parts/comparison.js';

/** @import { Comparison, Gate, QualityReport } from 'answers' */
/** @typedef {Awaited<ReturnType<typeof load>>} State */

export const title = (/** @type {State} */ state) => `Seed and synthetic data of ${state.id}`;

/** @param {import('../app/router.js').Place} place */
export async function load({ params: [id], signal }) {
  return { id, report: /** @type {QualityReport} */ (await get(`/api/gan/machines/${part(id)}/report`, signal)) };
}

/** Reports of version 0.1 have no sentence. @param {QualityReport} report */
const verdict = (report) => report.verdict || (report.passed ? 'Good enough to train a RUL model on.' : 'Not good enough: the sets are rejected.');

/** @param {State} state */
export function view({ id, report }) {
  return html`<p class="crumbs"><a href=${href('/fleet')}>Fleet</a> › <a href=${typeHref(id)}>${id}</a></p>
    <div class="head"><h1 tabindex="-1">Seed and synthetic data</h1>
      <div class="row"><a class="button" href=${href(`/api/gan/machines/${part(id)}/report.html`)} target="_blank">Report with charts</a></div></div>
    <section class="panel"><p class="large">${verdict(report)}</p>
      ${report.reasons.map((one) => html`<p class="refusal">${one}</p>`)}${report.notes.map((one) => html`<p class="muted">${one}</p>`)}</section>
    <div class="panels">
      <section class="panel wide"><h2>Questions that decide</h2><ul class="gates">${report.gates.map(gate)}</ul></section>
      <section class="panel"><h2>Sets</h2><div class="scroll" role="group" tabindex="0" aria-label="Sets"><table><thead><tr><th>Set</th><th class="number">Rows</th><th class="number">Units</th><th>Failure modes</th></tr></thead>
        <tbody>${Object.entries(report.splits).map(([name, its]) => html`<tr><th scope="row">${words(name)}</th><td class="number">${count(its.rows)}</td><td class="number">${count(its.units)}</td>
          <td>${Object.entries(its.failure_modes).map(([mode, units]) => `${words(mode)} ${units}`).join(', ')}</td></tr>`)}</tbody></table></div></section>
      ${report.comparison ? charts(report.comparison) : nothing}
    </div>`;
}

/** @param {Comparison} comparison */
const charts = (comparison) => html`
  <section class="panel"><h2>Ten correlations that differ most</h2>${legend}${correlations(comparison.correlations.largest)}</section>
  <section class="panel wide"><h2>RUL and sensors, the most different first</h2>${legend}
    <p class="muted">Above how often each value occurs, below a life of each from new to failed, with the normal band and the value at failure.</p>
    ${sensorCards(comparison)}</section>`;

/** @param {Gate} one */
function gate(one) {
  const number = one.number || (one.value === null ? '' : figure(one.value, 3));
  return html`<li><p><b>${one.question || words(one.metric)}</b></p>
    <p><span class=${one.light === 'poor' ? 'refusal' : ''}>${one.answer || one.light}</span>${number ? html`<span class="muted number">: ${number}</span>` : nothing}</p>
    ${one.value === null ? nothing : zones(one, one.value)}
    <p class="muted number">good ${one.good > one.usable ? 'from' : 'up to'} ${figure(one.good, 3)}, usable ${one.good > one.usable ? 'from' : 'up to'} ${figure(one.usable, 3)}</p></li>`;
}

/** A bar with the zones good, usable and poor, and where the value is. @param {Gate} one @param {number} value */
function zones({ good, usable }, value) {
  const rises = good > usable;
  const most = Math.max(value, good, usable) * 1.25 || 1;
  const x = (/** @type {number} */ figure) => (figure / most) * 100;
  const [first, second] = rises ? [x(usable), x(good)] : [x(good), x(usable)];
  const kinds = rises ? ['poor', 'usable', 'good'] : ['good', 'usable', 'poor'];
  return html`<svg class="zones" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${svg`
    <rect class=${kinds[0]} x="0" y="3" width=${first} height="4"></rect>
    <rect class=${kinds[1]} x=${first} y="3" width=${second - first} height="4"></rect>
    <rect class=${kinds[2]} x=${second} y="3" width=${100 - second} height="4"></rect>
    <rect class="middle" x=${Math.min(99, x(value))} y="0" width="0.8" height="10"></rect>`}</svg>`;
}
