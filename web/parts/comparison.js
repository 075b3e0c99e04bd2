// @ts-check
/** Seed and synthetic data next to each other: blue lines for the seed, orange dashes for what was made from it. */
import { html, nothing, svg } from '../vendor/lit-html/lit-html.js';
import { figure, hours, measure, percent, title, words } from '../app/format.js';

/** @typedef {{name: string, unit: string, edges: number[], seed: number[], synthetic: number[]}} Histogram */
/** @typedef {{failure_mode: string, hours: number, life_fraction: number[], readings: number[]}} Life */
/** @typedef {{name: string, unit: string, normal: [number, number], failure: number | null, seed: Life, synthetic: Life}} Lives */
/** @typedef {{columns: [string, string], seed: number, synthetic: number}} Correlation */

const [WIDTH, HEIGHT] = [100, 40];

/** What the lines are. */
export const legend = html`<p class="legend"><span>${stroke('seed')} seed</span> <span>${stroke('synthetic')} synthetic</span></p>`;

/** @param {'seed' | 'synthetic'} name */
function stroke(name) {
  return html`<svg class="stroke" viewBox="0 0 24 4" aria-hidden="true">${svg`<line class=${name} x1="0" x2="24" y1="2" y2="2"></line>`}</svg>`;
}

/**
 * A card for RUL and each sensor, the most different first.
 * @param {{histograms: Histogram[], lives: Lives[]}} comparison
 */
export function sensorCards({ histograms, lives }) {
  const byName = new Map(lives.map((one) => [one.name, one]));
  const found = histograms.map((one) => ({ one, alike: overlap(one) })).sort((a, b) => a.alike - b.alike);
  return html`<ul class="compared">${found.map(({ one, alike }) => {
    const its = byName.get(one.name);
    return html`<li><h3>${nameOf(one.name)} <span class="muted">${measure(one.unit)}</span></h3>
      ${steps(one)}<p class="ends muted number"><span>${figure(one.edges[0], 3)}</span><span>${percent(alike)} of the rows overlap</span><span>${figure(one.edges[one.edges.length - 1], 3)}</span></p>
      ${its ? life(its) : nothing}</li>`;
  })}</ul>`;
}

/** @param {string} name */
const nameOf = (name) => (name === 'rul_hours' ? 'RUL' : title(name));

/** @param {number[]} counts */
function shares(counts) {
  const total = counts.reduce((sum, one) => sum + one, 0) || 1;
  return counts.map((one) => one / total);
}

/** The share of rows that both have in the same bins. @param {Histogram} histogram */
function overlap({ seed, synthetic }) {
  const other = shares(synthetic);
  return shares(seed).reduce((sum, one, bin) => sum + Math.min(one, other[bin]), 0);
}

/** @param {Histogram} histogram */
function steps({ seed, synthetic }) {
  const both = [shares(seed), shares(synthetic)];
  const most = Math.max(...both.flat()) || 1;
  const width = WIDTH / seed.length;
  const lines = both.map((its) => {
    const corners = its.flatMap((share, bin) => {
      const y = HEIGHT - (share / most) * (HEIGHT - 2);
      return [`${bin * width},${y}`, `${(bin + 1) * width},${y}`];
    });
    return [`0,${HEIGHT}`, ...corners, `${WIDTH},${HEIGHT}`].join(' ');
  });
  return drawing(html`${pair(lines)}`);
}

/** @param {Lives} lives one life of each, from new to failed */
function life({ normal, failure, unit, seed, synthetic }) {
  const values = [...seed.readings, ...synthetic.readings, ...normal, ...(failure === null ? [] : [failure])];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const y = (/** @type {number} */ value) => 1 + (HEIGHT - 2) * (1 - (value - low) / (high - low || 1));
  const lines = [seed, synthetic].map((its) => its.readings.map((value, row) => `${its.life_fraction[row] * WIDTH},${y(value)}`).join(' '));
  return html`${drawing(html`
    ${svg`<rect class="band" x="0" width=${WIDTH} y=${y(normal[1])} height=${Math.max(0.5, y(normal[0]) - y(normal[1]))}></rect>`}
    ${failure === null ? nothing : svg`<line class="failure" x1="0" x2=${WIDTH} y1=${y(failure)} y2=${y(failure)}></line>`}
    ${pair(lines)}`)}
    <p class="ends muted number"><span>new</span><span>${figure(low, 3)}–${figure(high, 3)} ${measure(unit)}</span><span>failed</span></p>
    <p class="unseen">One life of the seed, ${words(seed.failure_mode)} after ${hours(seed.hours)}, and a synthetic one,
      ${words(synthetic.failure_mode)} after ${hours(synthetic.hours)}.</p>`;
}

/** @param {unknown} content */
const drawing = (content) => html`<svg class="pair" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${content}</svg>`;

/** @param {string[]} lines points of the seed and of the synthetic data */
const pair = ([seed, synthetic]) => svg`<polyline class="seed" points=${seed}></polyline><polyline class="synthetic" points=${synthetic}></polyline>`;

/** The pairs of columns that differ most. @param {Correlation[]} largest */
export const correlations = (largest) => html`<ul class="correlations">${largest.map(({ columns, seed, synthetic }) => html`<li>
  <p>${nameOf(columns[0])} with ${columns[1] === 'rul_hours' ? 'RUL' : words(columns[1])}</p>
  <p class="muted number">${figure(seed, 2)} in the seed, ${figure(synthetic, 2)} in the set</p>
  <svg class="pair span" viewBox="-1 0 2 1" preserveAspectRatio="none" aria-hidden="true">${svg`
    <line class="axis" x1="-1" x2="1" y1="0.5" y2="0.5"></line><line class="axis" x1="0" x2="0" y1="0.2" y2="0.8"></line>
    <line class="seed" x1=${seed} x2=${seed} y1="0" y2="1"></line><line class="synthetic" x1=${synthetic} x2=${synthetic} y1="0" y2="1"></line>`}</svg></li>`)}</ul>`;
