// @ts-check
/** What happened: events in words, the newest first, with their payloads on demand. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { get, href, query, unitHref } from '../app/api.js';
import { feed } from '../app/feed.js';
import { age, instant, plural } from '../app/format.js';
import { Renewal } from '../app/renewal.js';
import { redraw, router } from '../app/router.js';
import { inWords } from '../parts/event_words.js';

const LIMIT = 100;
/** While following, new events are asked for each two seconds: 30 a minute. */
const EVERY_MS = 2_000;
const MOST = 1_000;

/** @import { Event as LedgerEvent, EventPage } from 'answers' */
/** @typedef {Awaited<ReturnType<typeof load>>} State */

export const title = () => 'Events';

/** @param {URLSearchParams} asked */
const filterOf = (asked) => ({
  machine_id: asked.get('machine'), type: asked.get('type'), correlation_id: asked.get('chain'), recurring: asked.get('all') ? true : null,
});

/** @param {import('../app/router.js').Place} place */
export async function load({ query: asked, signal }) {
  const state = { items: /** @type {LedgerEvent[]} */ ([]), next: /** @type {string | null} */ (null), waiting: /** @type {LedgerEvent[]} */ ([]), asked: '', renewal: new Renewal(EVERY_MS) };
  await ask(state, asked, signal);
  return state;
}

/** @param {State} state @param {URLSearchParams} asked @param {AbortSignal} signal */
async function ask(state, asked, signal) {
  state.asked = JSON.stringify(filterOf(asked));
  /** @type {EventPage} */
  const page = await get(`/api/events${query({ ...filterOf(asked), sort: '-id', limit: LIMIT })}`, signal);
  Object.assign(state, { items: page.items, next: page.next_cursor, waiting: [] });
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function update(state, { query: asked, signal }) {
  const isOther = JSON.stringify(filterOf(asked)) !== state.asked;
  if (isOther) state.renewal.run(() => ask(state, asked, signal));
  else if (asked.get('follow') === '1' && state.renewal.isDue) state.renewal.run(() => newer(state, asked, signal));
}

/** New events wait above the list while the reader is further down. @param {State} state @param {URLSearchParams} asked @param {AbortSignal} signal */
async function newer(state, asked, signal) {
  /** @type {EventPage} */
  const page = await get(`/api/events${query({ ...filterOf(asked), sort: '-id', limit: LIMIT })}`, signal);
  const last = state.waiting[0]?.id ?? state.items[0]?.id ?? 0;
  state.waiting = [...page.items.filter((event) => event.id > last), ...state.waiting];
  if (scrollY < 200) showWaiting(state);
}

/** @param {State} state */
function showWaiting(state) {
  state.items = [...state.waiting, ...state.items].slice(0, MOST);
  state.waiting = [];
  redraw();
}

/** @param {State} state @param {import('../app/router.js').Place} place */
async function older(state, { query: asked, signal }) {
  /** @type {EventPage} */
  const page = await get(`/api/events${query({ ...filterOf(asked), sort: '-id', limit: LIMIT, cursor: state.next })}`, signal);
  state.items = [...state.items, ...page.items];
  state.next = page.next_cursor;
  redraw();
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function view(state, place) {
  const asked = place.query;
  const isFollowing = asked.get('follow') === '1';
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    router.change({ machine: String(given.get('machine')).trim(), type: String(given.get('type')).trim() });
  };
  return html`<div class="head"><h1 tabindex="-1">Events</h1>
      <form class="row" @submit=${submit}>
        <label class="unseen" for="machine">Machine</label><input id="machine" name="machine" placeholder="machine id" .value=${asked.get('machine') ?? ''}>
        <label class="unseen" for="type">Type</label><input id="type" name="type" placeholder="type of event" .value=${asked.get('type') ?? ''}>
        <button>Show</button>
        <button type="button" aria-pressed=${isFollowing ? 'true' : 'false'} @click=${() => router.change({ follow: isFollowing ? null : '1' })}>Follow</button>
        <button type="button" aria-pressed=${asked.get('all') ? 'true' : 'false'} @click=${() => router.change({ all: asked.get('all') ? null : '1' })}>With those of each batch of readings</button>
      </form></div>
    ${asked.get('chain') ? html`<p class="muted">One run: <code>${asked.get('chain')}</code> <button class="quiet" @click=${() => router.change({ chain: null })}>Show all</button></p>` : nothing}
    ${state.renewal.refusal ? html`<p class="refusal" role="alert">${state.renewal.refusal}</p>` : nothing}
    ${state.waiting.length ? html`<p><button class="primary" @click=${() => { scrollTo(0, 0); showWaiting(state); }}>${plural(state.waiting.length, 'new event')} ↑</button></p>` : nothing}
    ${state.items.length ? html`<ul class="events panel">${state.items.map(row)}</ul>` : html`<p class="empty">${['machine', 'type', 'chain'].some((name) => asked.get(name)) ? 'No event is like that.' : 'Nothing has happened yet.'}</p>`}
    ${state.next ? html`<p><button @click=${() => state.renewal.run(() => older(state, place))}>Show older ones</button></p>` : nothing}`;
}

/** @param {LedgerEvent} event */
function row(event) {
  const unit = event.payload.unit;
  return html`<li>
    <time class="number muted" title=${age(event.occurred_at, feed.now())}>${instant(event.occurred_at)}</time>
    <details><summary>${inWords(event)}</summary>
        <p class="muted">${event.type} #${event.id}${event.causation_id === null ? '' : ` after #${event.causation_id}`}${event.actor ? `, by ${event.actor}` : ''}</p>
        <pre>${JSON.stringify(event.payload, null, 2)}</pre>
        <p><a href=${href(`/events?chain=${event.correlation_id}`)}>The whole run</a>
          ${event.job_id === null ? nothing : html` · <a href=${href(`/tasks/${event.job_id}`)}>Task ${event.job_id}</a>`}</p></details>
    <a class="where" href=${unitHref(event.machine_id, typeof unit === 'string' ? unit : undefined)}>${event.machine_id}${typeof unit === 'string' ? `, unit ${unit}` : ''}</a>
  </li>`;
}
