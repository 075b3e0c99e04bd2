// @ts-check
/** Tasks as a table. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { href, part } from '../app/api.js';
import { age, moment, took } from '../app/format.js';
import { STEPS, chainStanding } from '../app/health.js';

/** @import { ListedTask } from 'answers' */

/**
 * @param {ListedTask[]} tasks
 * @param {number} now
 * @param {{chosen: Set<number>, choose: (id: number) => void} | null} [selection]
 */
export function taskTable(tasks, now, selection = null) {
  if (!tasks.length) return html`<p class="muted">No task.</p>`;
  return html`<div class="scroll" role="group" tabindex="0" aria-label="Tasks"><table><thead><tr>
      ${selection ? html`<th><span class="unseen">Select</span></th>` : nothing}
      <th>Task</th><th>Status</th><th>Stage</th><th>Machine</th><th class="number">Made</th><th class="number">Waited</th><th class="number">Worked</th><th>What it says</th></tr></thead>
    <tbody>${tasks.map((task) => row(task, now, selection))}</tbody></table></div>`;
}

/** @param {ListedTask} task @param {number} now @param {{chosen: Set<number>, choose: (id: number) => void} | null} selection */
function row(task, now, selection) {
  const id = task.task_id;
  const waited = (task.started_at ?? task.completed_at ?? now) - task.created_at;
  const worked = task.started_at === null ? null : (task.completed_at ?? now) - task.started_at;
  return html`<tr>
    ${selection ? html`<td><input type="checkbox" aria-label="Select task ${id}" .checked=${selection.chosen.has(id)} @change=${() => selection.choose(id)}></td>` : nothing}
    <th scope="row"><a href=${href(`/tasks/${id}`)}>${id}</a></th>
    <td>${chainStanding(task.status, task.status === 'running' ? ` ${task.progress} %` : '')}${task.overdue ? html` <span class="tag">overdue</span>` : nothing}</td>
    <td>${STEPS[task.stage] ?? task.stage}</td>
    <td><a href=${href(`/machines/${part(task.machine_id)}/chain`)}>${task.machine_id}</a></td>
    <td class="number"><time title=${moment(task.created_at)}>${age(task.created_at, now)}</time></td>
    <td class="number">${took(waited)}</td>
    <td class="number">${worked === null ? '–' : took(worked)}</td>
    <td class="says">${task.error ? html`<span class="refusal">${task.error}</span>` : task.message}</td></tr>`;
}
