// @ts-check
/** The tasks of the newest run of a machine's chain, in order. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { href } from '../app/api.js';
import { duration, moment, took } from '../app/format.js';
import { STEPS, chainStanding } from '../app/health.js';

/** @import { MachineDetail, Step } from 'answers' */

/** @param {MachineDetail} machine */
export function chainSteps(machine) {
  if (!machine.chain.length) return html`<p class="muted">Nothing was started.</p>`;
  return html`<ol class="steps">${machine.chain.map(step)}</ol>
    ${machine.error ? html`<p class="refusal">${machine.error}</p>` : nothing}
    ${machine.chains.filter((one) => one.chain !== 'onboarding').map((one) => html`<p class="muted">
      ${STEPS[one.stage] ?? one.stage}: ${chainStanding(one.status)} <a href=${href(`/tasks/${one.task_id}`)}>task ${one.task_id}</a></p>`)}`;
}

/** @param {Step} one */
function step(one) {
  const waited = one.started_at === null ? 0 : one.started_at - one.created_at;
  const worked = one.started_at === null || one.completed_at === null ? null : one.completed_at - one.started_at;
  return html`<li>
    <a href=${href(`/tasks/${one.task_id}`)}>${STEPS[one.stage] ?? one.stage}</a>
    ${chainStanding(one.status, one.status === 'running' ? ` ${one.progress} %` : '')}
    <span class="muted number" title=${moment(one.created_at)}>${worked === null ? '' : `worked ${took(worked)}`}${
      waited >= 1000 ? `, waited ${duration(waited)}` : ''}</span></li>`;
}
