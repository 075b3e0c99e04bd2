// @ts-check
/** Tasks, what they run on (queues and workers), and where alerts are sent. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { get, newKey, query, send, Problem } from '../app/api.js';
import { feed } from '../app/feed.js';
import { count, title as words } from '../app/format.js';
import { STEPS, chainWord } from '../app/health.js';
import { Renewal } from '../app/renewal.js';
import { redraw, router } from '../app/router.js';
import { actButton } from '../parts/acts.js';
import { confirmAct } from '../parts/dialog.js';
import { queues, workers } from '../parts/operations.js';
import { taskTable } from '../parts/task_table.js';
import { Webhooks } from '../parts/webhooks.js';

const STATUSES = ['pending', 'running', 'stale', 'failed', 'cancelled', 'success'];
const LIMIT = 100;
/** Each batch of readings has its own task; unless they are asked for, these chains are shown. */
const CHAINS = ['onboarding', 'predictor'];
/** Queues, workers and tasks are asked for again after this time, while the page is seen. */
const EVERY_MS = 5_000;
/** More tasks than this are retried or cancelled only after a question. */
const ASK_ABOVE = 20;

/** @import { Queues, TaskPage, Workers } from 'answers' */
/** @typedef {Awaited<ReturnType<typeof load>>} State */

export const title = () => 'Tasks';

/** @param {import('../app/router.js').Place} place */
export async function load({ query: asked, signal }) {
  return { chosen: /** @type {Set<number>} */ (new Set()), said: '', asked: asked.toString(), renewal: new Renewal(EVERY_MS), webhooks: new Webhooks(), ...(await found(asked, signal)) };
}

/** @param {URLSearchParams} asked @param {AbortSignal} signal */
async function found(asked, signal) {
  const filter = { status: asked.get('status'), stage: asked.get('stage'), machine_id: asked.get('machine'), limit: LIMIT };
  const isNarrow = filter.status || filter.stage || asked.get('all');
  const chains = isNarrow ? [null] : CHAINS;
  /** @type {[Queues, Workers, ...TaskPage[]]} */
  const [itsQueues, itsWorkers, ...pages] = await Promise.all([
    get('/api/gan/queues', signal),
    get('/api/gan/workers', signal),
    ...chains.map((chain) => get(`/api/gan/tasks${query({ ...filter, chain })}`, signal)),
  ]);
  const tasks = pages.flatMap((page) => page.items).sort((one, other) => other.task_id - one.task_id).slice(0, LIMIT);
  return { tasks, more: pages.some((page) => page.next_cursor), queues: itsQueues.items, workers: itsWorkers.items };
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function update(state, place) {
  state.webhooks.update(place.signal);
  const isOther = place.query.toString() !== state.asked;
  if (!isOther && !state.renewal.isDue) return;
  if (isOther) state.chosen.clear();
  state.asked = place.query.toString();
  state.renewal.run(async () => Object.assign(state, await found(place.query, place.signal)));
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function view(state, { query: asked }) {
  const status = asked.get('status') ?? '';
  const choose = (/** @type {number} */ id) => {
    if (!state.chosen.delete(id)) state.chosen.add(id);
    redraw();
  };
  return html`<div class="head"><h1 tabindex="-1">Tasks</h1>
      <div class="row">${stageFilter(asked)}
        ${actButton('write', `Retry ${state.chosen.size}`, () => act(state, 'retry'))}
        ${actButton('write', `Cancel ${state.chosen.size}`, () => act(state, 'cancel'))}</div></div>
    <div class="counts" role="group" aria-label="Show only">${STATUSES.map((one) => html`<button aria-pressed=${one === status ? 'true' : 'false'}
      @click=${() => router.change({ status: one === status ? null : one })}>${chainWord(one)}</button>`)}
      <button class="thin" aria-pressed=${asked.get('all') ? 'true' : 'false'} @click=${() => router.change({ all: asked.get('all') ? null : '1' })}>with those of each batch of readings</button></div>
    ${state.said || state.renewal.refusal ? html`<p class="notice" role="status">${state.said} ${state.renewal.refusal}</p>` : nothing}
    <div class="panels operations">
      <section class="panel"><h2>Queues</h2>${queues(state.queues, feed.now())}</section>
      <section class="panel"><h2>Workers</h2>${workers(state.workers, feed.now())}</section>
      <section class="panel wide"><h2>Webhooks</h2>${state.webhooks.view(feed.now())}</section>
    </div>
    <section class="panel"><h2>Tasks</h2>${taskTable(state.tasks, feed.now(), { chosen: state.chosen, choose })}
      ${state.more ? html`<p class="muted">The newest ${count(state.tasks.length)}; choose a status, a stage or a machine to see others.</p>` : nothing}</section>`;
}

/** @param {URLSearchParams} asked */
function stageFilter(asked) {
  const stage = asked.get('stage') ?? '';
  const change = (/** @type {Event} */ event) => router.change({ stage: /** @type {HTMLSelectElement} */ (event.target).value });
  return html`<label class="unseen" for="stage">Stage</label>
    <select id="stage" @change=${change}><option value="">all stages</option>
      ${Object.entries(STEPS).map(([name, word]) => html`<option value=${name} ?selected=${name === stage}>${word}${name === 'import_seed' ? ' (imported)' : ''}</option>`)}</select>
    ${asked.get('machine') ? html`<button @click=${() => router.change({ machine: null })}>${asked.get('machine')} ×</button>` : nothing}`;
}

/** Nothing acts on "all": the selected ids are what is sent. @param {State} state @param {'retry' | 'cancel'} what */
async function act(state, what) {
  const ids = [...state.chosen];
  if (ids.length > ASK_ABOVE)
    confirmAct({
      heading: `${words(what)} ${count(ids.length)} tasks`, text: 'Those that are selected.', button: `${words(what)} ${count(ids.length)}`,
      act: () => each(state, what, ids),
    });
  else if (ids.length) await each(state, what, ids);
  else state.said = `Select the tasks to ${what} first.`;
  redraw();
}

/** @param {State} state @param {'retry' | 'cancel'} what @param {number[]} ids */
async function each(state, what, ids) {
  const refused = [];
  for (const id of ids) {
    try {
      await send(`/api/gan/tasks/${id}/${what}`, {}, { key: newKey() });
      state.chosen.delete(id);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refused.push(`task ${id}: ${error.message}`);
    }
  }
  const done = ids.length - refused.length;
  state.said = [`${count(done)} of ${count(ids.length)}: ${what} is recorded.`, ...refused].join(' ');
  state.asked = '';
  router.later();
}
