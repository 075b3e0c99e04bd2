// @ts-check
/** One task: how far it is, what it reacted to, what it made, or what went wrong. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { get, href, part, send } from '../app/api.js';
import { feed } from '../app/feed.js';
import { age, bytes, duration, figure, moment } from '../app/format.js';
import { STEPS, chainStanding } from '../app/health.js';
import { Renewal } from '../app/renewal.js';
import { router } from '../app/router.js';
import { actButton } from '../parts/acts.js';
import { confirmAct } from '../parts/dialog.js';

const EVERY_MS = 2_000;
const ENDED = new Set(['success', 'failed', 'cancelled']);

/** @import { Task, TaskResult } from 'answers' */
/** @typedef {Awaited<ReturnType<typeof load>>} State */

export const title = (/** @type {State} */ { task }) => `${STEPS[task.stage] ?? task.stage}, task ${task.task_id}`;

/** @param {import('../app/router.js').Place} place */
export async function load({ params: [id], signal }) {
  return { task: /** @type {Task} */ (await get(`/api/gan/tasks/${part(id)}`, signal)), renewal: new Renewal(EVERY_MS) };
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function update(state, { signal }) {
  if (!ENDED.has(state.task.status) && state.renewal.isDue)
    state.renewal.run(async () => (state.task = await get(`/api/gan/tasks/${state.task.task_id}`, signal)));
}

/** @param {State} state */
export function view({ task }) {
  const now = feed.now();
  const isOpen = !ENDED.has(task.status);
  return html`<p class="crumbs"><a href=${href('/tasks')}>Tasks</a> › <a href=${href(`/machines/${part(task.machine_id)}/chain`)}>${task.machine_id}</a></p>
    <div class="head"><h1 tabindex="-1">${STEPS[task.stage] ?? task.stage}</h1><span class="muted">task ${task.task_id}</span>
      <div class="row">${isOpen ? actButton('write', 'Cancel', () => act(task, 'cancel')) : nothing}
        ${task.status === 'failed' || task.status === 'cancelled' ? actButton('write', 'Retry', () => act(task, 'retry'), 'primary') : nothing}</div></div>
    <section class="panel">
      <p class="large">${chainStanding(task.status, isOpen ? ` ${task.progress} %` : '')} <span>${task.message}</span></p>
      ${task.error ? html`<pre class="refusal">${task.error}</pre>` : nothing}
      <dl class="facts">
        <dt>Machine</dt><dd><a href=${href(`/machines/${part(task.machine_id)}`)}>${task.machine_id}</a></dd>
        <dt>Made</dt><dd>${moment(task.created_at)}, ${age(task.created_at, now)}</dd>
        ${task.started_at === null ? nothing : html`<dt>Started</dt><dd>${moment(task.started_at)}, after ${duration(task.started_at - task.created_at)}</dd>
          <dt>Worked</dt><dd>${duration((task.completed_at ?? now) - task.started_at)}${task.eta_seconds ? `, about ${duration(task.eta_seconds * 1000)} left` : ''}</dd>`}
        <dt>Failed attempts</dt><dd>${task.attempts}</dd>
        ${task.epoch === null ? nothing : html`<dt>Epochs</dt><dd>${task.epoch}, loss ${figure(task.loss)}</dd>`}
      </dl></section>
    ${task.result ? result(task.result) : nothing}`;
}

/** @param {TaskResult} made */
function result({ event, artifacts }) {
  return html`<div class="panels"><section class="panel"><h2>What it published</h2>
      ${event ? html`<p>${event.type}, event ${event.id}, ${moment(event.occurred_at)}</p><pre>${JSON.stringify(event.payload, null, 2)}</pre>` : html`<p class="muted">Nothing.</p>`}</section>
    <section class="panel"><h2>Files</h2>${artifacts.length
      ? html`<ul class="alerts">${artifacts.map((file) => html`<li><code class="key">${file.key}</code> <span class="muted">${bytes(file.size)}</span></li>`)}</ul>`
      : html`<p class="muted">None.</p>`}</section></div>`;
}

/** @param {Task} task @param {'cancel' | 'retry'} what */
const act = (task, what) =>
  confirmAct({
    heading: what === 'cancel' ? 'Cancel the task' : 'Retry the task',
    text: html`${STEPS[task.stage] ?? task.stage} of <b>${task.machine_id}</b>. ${what === 'cancel' ? 'What it has done so far is lost.' : 'It runs again from its beginning.'}`,
    button: what === 'cancel' ? 'Cancel the task' : 'Retry',
    act: (_form, key) => send(`/api/gan/tasks/${task.task_id}/${what}`, {}, { key }),
    done: () => router.reload(),
  });
