// @ts-check
/** An alert in a line. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { age, moment } from '../app/format.js';
import { standing } from '../app/health.js';

/** @import { Alert } from 'answers' */

/** @type {Record<string, string>} */
const CLEARED = { readings: 'healthy again', failure: 'it failed', maintenance: 'maintenance was done' };

/** What became of an alert. @param {Alert} alert @param {number} now */
export function alertState(alert, now) {
  if (alert.cleared_at !== null) return `cleared ${age(alert.cleared_at, now)}: ${CLEARED[alert.cleared_by ?? ''] ?? ''}`;
  if (alert.acknowledged_at !== null) return `acknowledged by ${alert.acknowledged_by} ${age(alert.acknowledged_at, now)}`;
  return 'open, not acknowledged';
}

/** @param {Alert} alert @param {number} now */
export const alertLine = (alert, now) => html`<li>
  <p class="row">${standing(alert.level)} <span>${alert.cause}</span>
    <time class="muted" title=${moment(alert.reading_at)}>raised ${age(alert.raised_at, now)}</time></p>
  <p class="muted">${alertState(alert, now)}${alert.silenced ? ', silenced' : ''}${alert.note ? html`: “${alert.note}”` : nothing}</p>
</li>`;
