// @ts-check
/** Queues with pause and resume, and workers with what they run. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { href, part, send } from '../app/api.js';
import { age, count, duration, figure, moment } from '../app/format.js';
import { STEPS } from '../app/health.js';
import { router } from '../app/router.js';
import { actButton } from './acts.js';
import { confirmAct } from './dialog.js';

/** A pause and its entry as the last change are so close. */
const SAME_MS = 1_000;

/** @import { Queue, Worker } from 'answers' */

/** @param {Queue[]} found @param {number} now */
export function queues(found, now) {
  if (!found.length) return html`<p class="muted">No queue yet.</p>`;
  return html`<div class="scroll" role="group" tabindex="0" aria-label="Queues"><table><thead><tr><th>Queue</th><th>State</th><th class="number">Limit</th><th class="number">Priority</th>
      <th class="number">Waiting</th><th class="number">Running</th><th class="number">Oldest waits</th><th><span class="unseen">Acts</span></th></tr></thead>
    <tbody>${found.map((one) => html`<tr><th scope="row">${one.name}</th>
      <td>${standingOf(one, now)}</td>
      <td class="number">${one.concurrency ?? 'none'}</td><td class="number">${figure(one.priority)}</td>
      <td class="number">${count(one.due)}</td><td class="number">${count(one.running)}</td>
      <td class="number">${one.oldest_due_at === null ? '–' : duration(now - one.oldest_due_at)}</td>
      <td class="acts">${one.paused_at === null
        ? actButton('write', 'Pause', () => pause(one, true)) : actButton('write', 'Resume', () => pause(one, false), 'primary')}
        ${actButton('write', 'Change …', () => change(one))}</td></tr>`)}</tbody></table></div>`;
}

/** Open or paused, and who changed it last. @param {Queue} queue @param {number} now */
function standingOf({ paused_at: paused, changed_at: changed, changed_by: who }, now) {
  const isPause = paused !== null && changed !== null && changed - paused < SAME_MS;
  return html`${paused === null ? 'open' : html`<b>paused</b> <time class="muted" title=${moment(paused)}>${age(paused, now)}</time>`}
    ${isPause ? html`<span class="muted">by ${who}</span>`
      : changed === null ? nothing : html`<p class="muted">changed <time title=${moment(changed)}>${age(changed, now)}</time> by ${who}</p>`}`;
}

const again = () => router.reload();

/** @param {Queue} queue @param {boolean} paused */
const pause = ({ name, due }, paused) =>
  confirmAct({
    heading: `${paused ? 'Pause' : 'Resume'} queue ${name}`,
    text: paused ? `No task of it starts until it is resumed. ${count(due)} wait in it. Running tasks go on.` : `${count(due)} tasks wait in it and may start.`,
    button: paused ? 'Pause' : 'Resume',
    act: (_form, key) => send(`/api/gan/queues/${part(name)}`, { paused }, { key }),
    done: again,
  });

/** @param {Queue} queue */
const change = ({ name, concurrency, priority }) =>
  confirmAct({
    heading: `Queue ${name}`,
    text: 'The limit holds on all hosts together. The higher priority goes first.',
    fields: html`<div class="fields">
      <div class="field"><label for="limit">Tasks at once</label><input id="limit" name="limit" type="number" min="1" value=${concurrency ?? ''} placeholder="no limit"></div>
      <div class="field"><label for="priority">Priority</label><input id="priority" name="priority" type="number" value=${priority}></div></div>`,
    button: 'Change',
    act: (form, key) => {
      const limit = String(form.get('limit') ?? '');
      const wanted = { concurrency: limit === '' ? null : Number(limit), priority: Number(form.get('priority')) };
      return send(`/api/gan/queues/${part(name)}`, wanted, { key });
    },
    done: again,
  });

/** @param {Worker[]} found @param {number} now */
export function workers(found, now) {
  if (!found.length)
    return html`<p>No worker is alive. Tasks are recorded and wait.</p><p class="muted">Start one: <code>fleetforge up</code>, or <code>fleetforge worker</code></p>`;
  return html`<ul class="alerts">${found.map((one) => html`<li>
    <p class="row"><b>${one.host}</b> <span class="muted">${one.queues.join(', ')}</span>
      <span class=${one.state === 'silent' ? 'refusal' : ''}>${one.state}${one.state === 'silent' && one.silent_seconds ? ` for ${duration(one.silent_seconds * 1000)}` : ''}</span>
      <time class="muted" title=${moment(one.started_at)}>up ${duration(now - one.started_at)}</time></p>
    <p class="muted key">${one.id}</p>
    ${one.tasks.map((task) => html`<p>${STEPS[task.stage] ?? task.stage} of <a href=${href(`/tasks/${task.task_id}`)}>${task.machine_id}</a>,
      ${task.progress} % ${task.message ? html`<span class="muted">${task.message}</span>` : nothing}</p>`)}</li>`)}</ul>`;
}
