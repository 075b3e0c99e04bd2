// @ts-check
/** The levels of units: their words, their marks, and what modifies them. */
import { html, svg } from '../vendor/lit-html/lit-html.js';
import { percent, words } from './format.js';

/** @typedef {import('./feed.js').Unit} Unit */
/** @typedef {import('./feed.js').Machine} Machine */
/** @typedef {'alarm' | 'warning' | 'watch' | 'healthy' | 'no_forecast'} Level */

/** The most urgent first. @type {readonly Level[]} */
export const LEVELS = ['alarm', 'warning', 'watch', 'healthy', 'no_forecast'];

/** @type {Record<Level, string>} */
export const WORDS = {
  alarm: 'Act now',
  warning: 'Plan work',
  watch: 'Watch',
  healthy: 'Healthy',
  no_forecast: 'No forecast',
};

/** Signs for titles, where no drawing can be. @type {Record<Level, string>} */
export const SIGNS = { alarm: '⬢', warning: '◆', watch: '▲', healthy: '●', no_forecast: '◌' };

/** Readings that are late by this many times the usual pause between two make a forecast stale. */
const STALE_AFTER = 3;
/** The pause is taken for at least so long; tests shorten it. */
export const pause = { leastMs: 60_000 };

/** The mark of a level; its word stands next to it. @param {Level} level */
export const mark = (level) =>
  html`<svg class="mark ${level}" aria-hidden="true"><use href="#mark-${level}"></use></svg>`;

/** @param {string} name */
export const sign = (name) => html`<svg class="sign" aria-hidden="true"><use href="#sign-${name}"></use></svg>`;

/** The mark and the word. @param {Level} level */
export const standing = (level) => html`<span class="standing ${level}">${mark(level)}${WORDS[level]}</span>`;

/**
 * Whether readings of a unit should have come by now.
 * @param {{received_at?: number | null, cadence_ms?: number}} unit @param {number} now
 */
export function isStale({ received_at: received, cadence_ms: cadence }, now) {
  if (received === undefined || received === null) return false;
  return now - received > STALE_AFTER * Math.max(cadence ?? 0, pause.leastMs);
}

/** Whether the forecast is that of a new unit of its type. @param {{based_on?: string}} forecast */
export const isPrior = ({ based_on: source }) => source !== undefined && source !== 'readings';

/** The likeliest failure mode in words. @param {Unit} unit */
export function likeliest(unit) {
  if (!unit.mode || unit.mode === 'healthy' || !unit.mode_probability) return '';
  return `${words(unit.mode)} ${percent(unit.mode_probability)}`;
}

/**
 * The interval of a forecast on the unit's own scale, the longest life of its type: a bar, its
 * median, and ticks where a plan (a tenth) and action (24 h) begin.
 * @param {Unit} unit
 */
export function intervalBar(unit) {
  const most = 10 * (unit.planning_hours ?? 100);
  /** @param {number | undefined} value */
  const at = (value) => Math.max(0, Math.min(100, ((value ?? 0) / most) * 100));
  const [low, middle, high] = [at(unit.rul_low_hours), at(unit.rul_hours), at(unit.rul_high_hours)];
  return html`<svg class="interval ${unit.level}" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<rect class="track" x="0" y="4" width="100" height="2"></rect>
    <rect class="span" x=${low} y="2.5" width=${Math.max(1, high - low)} height="5"></rect>
    <rect class="tick" x=${at(24)} y="0" width="0.6" height="10"></rect>
    <rect class="tick" x=${at(unit.planning_hours)} y="0" width="0.6" height="10"></rect>
    <rect class="middle" x=${Math.min(98.5, middle)} y="0.5" width="1.5" height="9"></rect>`}
  </svg>`;
}

/** @type {Record<string, string>} */
export const STEPS = {
  generate_seed: 'Seed',
  import_seed: 'Seed',
  train_tvae: 'Training',
  generate_synthetic: 'Synthetic data',
  assess_quality: 'Quality',
  train_predictor: 'Predictor',
  predict: 'Prediction',
  end_life: 'End of a life',
  archive_readings: 'Archive',
};

/** @type {Record<string, [string, string]>} */
const CHAIN = {
  created: ['wait', 'not started'],
  pending: ['wait', 'waiting'],
  running: ['run', 'running'],
  stale: ['failed', 'worker lost'],
  success: ['done', 'finished'],
  complete: ['done', 'finished'],
  onboarded: ['done', 'finished'],
  failed: ['failed', 'failed'],
  cancelled: ['stopped', 'stopped'],
};

/** The word of a status of tasks and chains. @param {string} status */
export const chainWord = (status) => (CHAIN[status] ?? ['wait', words(status)])[1];

/** @param {string} status */
export const chainSign = (status) => sign((CHAIN[status] ?? ['wait'])[0]);

/** A thin sign, so that it cannot be taken for health, and the word. @param {string} status */
export function chainStanding(status, more = '') {
  const [name, word] = CHAIN[status] ?? ['wait', words(status)];
  return html`<span class="chain-standing ${status}">${sign(name)}${word}${more}</span>`;
}
