// @ts-check
/** The chain of a machine: where it stands, what it waits for, what to do, and its tasks. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { get, href, part, query, send, typeHref } from '../app/api.js';
import { feed } from '../app/feed.js';
import { age, moment } from '../app/format.js';
import { chainSign } from '../app/health.js';
import { Renewal } from '../app/renewal.js';
import { router } from '../app/router.js';
import { actButton } from '../parts/acts.js';
import { chainSteps } from '../parts/chain_steps.js';
import { confirmAct } from '../parts/dialog.js';
import { taskTable } from '../parts/task_table.js';

const RENEW_MS = 2_000;

/** @import { MachineDetail, TaskPage, Why } from 'answers' */
/** @typedef {Awaited<ReturnType<typeof load>>} State */

export const title = (/** @type {State} */ state) => `Chain of ${state.id}`;

/** @param {import('../app/router.js').Place} place */
export async function load({ params: [id], signal }) {
  return { id, ...(await found(id, signal)), seen: '', renewal: new Renewal(RENEW_MS) };
}

/** @param {string} id @param {AbortSignal} signal */
async function found(id, signal) {
  const path = `/api/gan/machines/${part(id)}`;
  /** @type {[MachineDetail, Why, TaskPage]} */
  const [machine, why, tasks] = await Promise.all([
    get(path, signal),
    get(`${path}/why`, signal),
    get(`/api/gan/tasks${query({ machine_id: id, chain: 'onboarding', limit: 50 })}`, signal),
  ]);
  return { machine, why, tasks: tasks.items };
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function update(state, { signal }) {
  const live = feed.machines.get(state.id);
  const key = live && `${live.seq}`;
  if (!live || key === state.seen || !state.renewal.isDue) return;
  state.seen = key ?? '';
  state.renewal.run(async () => Object.assign(state, await found(state.id, signal)));
}

/** @param {State} state */
export function view({ id, machine, why, tasks }) {
  const live = feed.machines.get(id);
  const progress = live?.chain_progress;
  return html`<p class="crumbs"><a href=${href('/fleet')}>Fleet</a> › <a href=${typeHref(id)}>${machine.manufacturer} ${machine.model}</a></p>
    <div class="head"><h1 tabindex="-1">Chain</h1><span class="muted">${id}</span>
      <div class="row">${machine.status === 'created'
        ? actButton('write', 'Start', () => start(id), 'primary') : actButton('write', 'Train again', () => trainAgain(id))}</div></div>
    <section class="panel why-waits">
      <p class="large">${chainSign(why.status)} ${why.state}</p>
      ${live?.status === 'running' && progress !== undefined
        ? html`<p><progress max="100" value=${progress} aria-label="Progress of the chain"></progress> <span class="number">${progress} %</span></p>` : nothing}
      <dl class="facts"><dt>Since</dt><dd>${moment(why.since)}, ${age(why.since, feed.now())}</dd>
        ${why.waits_for ? html`<dt>Waits for</dt><dd>${why.waits_for}</dd>` : nothing}
        ${why.advice ? html`<dt>To do</dt><dd>${why.advice}</dd>` : nothing}</dl>
    </section>
    <div class="panels">
      <section class="panel"><h2>Newest run</h2>${chainSteps(machine)}</section>
      <section class="panel wide"><h2>Tasks of all runs</h2>${taskTable(tasks, feed.now())}</section>
    </div>`;
}

/** @param {string} id */
const start = (id) =>
  confirmAct({
    heading: 'Start its chain',
    text: html`A seed of <b>${id}</b> is simulated; its model, synthetic data and predictor follow.`,
    button: 'Start',
    act: (_form, key) => send(`/api/gan/machines/${part(id)}/seed`, {}, { key }),
    done: () => router.reload(),
  });

/** @param {string} id */
const trainAgain = (id) =>
  confirmAct({
    heading: 'Train again',
    text: html`The chain of <b>${id}</b> goes on from its training: tasks of it that have not ended are cancelled.`,
    fields: html`<div class="fields"><div class="field"><label for="epochs">Epochs</label>
      <input id="epochs" name="epochs" type="number" min="1" max="1000" placeholder="as before"></div></div>`,
    button: 'Train again',
    act: (form, key) => {
      const epochs = Number(form.get('epochs'));
      return send(`/api/gan/machines/${part(id)}/train`, epochs ? { epochs } : {}, { key });
    },
    done: () => router.reload(),
  });
