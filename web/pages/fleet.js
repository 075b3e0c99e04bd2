// @ts-check
/** The fleet on one page: a tile for each unit, what needs somebody first, and filters. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { href } from '../app/api.js';
import { feed, keyOf } from '../app/feed.js';
import { clock, count, hours, plural, range, words } from '../app/format.js';
import { LEVELS, WORDS, likeliest, mark } from '../app/health.js';
import { router } from '../app/router.js';
import { Grid } from '../parts/grid.js';
import { hrefOf, itemOf } from '../parts/tile.js';

/** @typedef {import('../parts/tile.js').Item} Item */
/** @typedef {import('../app/health.js').Level} Level */

/** More units than this are shown as small marks, unless the address says otherwise. */
const LARGE_UP_TO = 200;
/** How many units "needs somebody first" shows, and how often it may change its order. */
const FIRST = 8;
const FIRST_EVERY_MS = 10_000;
/** A screen reader hears at most once in this time what got worse. */
const SPEAK_EVERY_MS = 10_000;

/** @typedef {ReturnType<typeof load>} State */

const CHAINS = /** @type {const} */ ({ running: ['pending', 'running', 'stale'], failed: ['failed', 'cancelled'] });

export const title = (/** @type {State} */ state) => {
  const urgent = state.counts.alarm ?? 0;
  return urgent ? `⬢ ${count(urgent)} to act now · Fleet` : 'Fleet';
};

export function load() {
  return {
    grid: new Grid(), list: /** @type {import('../parts/fleet_list.js').FleetList | null} */ (null),
    all: /** @type {Item[]} */ ([]), items: /** @type {Item[]} */ ([]),
    counts: /** @type {Record<string, number>} */ ({}), chains: { running: 0, failed: 0 },
    first: /** @type {Item[]} */ ([]), firstAt: 0, urgent: 0,
    levels: /** @type {Map<string, Level>} */ (new Map()), spokenAt: 0, worse: /** @type {Set<string>} */ (new Set()),
  };
}

export const leave = (/** @type {State} */ state) => state.grid.leave();

/** @param {State} state @param {import('../app/router.js').Place} place */
export function update(state, { query }) {
  const had = new Set();
  /** @type {Item[]} */
  const all = [];
  for (const unit of feed.units.values()) {
    had.add(unit.machine_id);
    all.push(itemOf(feed.machines.get(unit.machine_id), unit));
  }
  for (const machine of feed.machines.values())
    if (!had.has(machine.machine_id))
      all.push(itemOf(machine, { machine_id: machine.machine_id, level: 'no_forecast', why: '' }));
  state.all = all.sort(byName);
  state.counts = tally(all.map((item) => item.unit.level));
  state.chains = {
    running: machinesIn('running').length,
    failed: machinesIn('failed').length,
  };
  state.items = sorted(all.filter(filterOf(query)), query.get('sort'));
  renewFirst(state);
  speakOfWorse(state);
  if (query.get('view') === 'list' && !state.list)
    import('../parts/fleet_list.js').then(({ FleetList }) => {
      state.list ??= new FleetList();
      router.draw();
    });
}

/** @param {keyof typeof CHAINS} which */
const machinesIn = (which) =>
  [...feed.machines.values()].filter((machine) => CHAINS[which].some((status) => status === machine.status));

/** @param {string[]} values @returns {Record<string, number>} */
function tally(values) {
  /** @type {Record<string, number>} */
  const found = {};
  for (const value of values) found[value] = (found[value] ?? 0) + 1;
  return found;
}

/** @param {Item} one @param {Item} other */
const byName = (one, other) => (one.key < other.key ? -1 : 1);

/** @param {Item} one @param {Item} other */
const byUrgency = (one, other) =>
  LEVELS.indexOf(one.unit.level) - LEVELS.indexOf(other.unit.level) ||
  (one.unit.rul_low_hours ?? Infinity) - (other.unit.rul_low_hours ?? Infinity) || byName(one, other);

/** @type {Record<string, (one: Item, other: Item) => number>} */
const ORDERS = {
  urgency: byUrgency,
  rul: (one, other) => (one.unit.rul_hours ?? Infinity) - (other.unit.rul_hours ?? Infinity) || byName(one, other),
  age: (one, other) => (one.unit.seen_at ?? 0) - (other.unit.seen_at ?? 0) || byName(one, other),
};

/** @param {Item[]} items @param {string | null} order */
const sorted = (items, order) => (order && ORDERS[order] ? items.sort(ORDERS[order]) : items);

/** @param {URLSearchParams} query @returns {(item: Item) => boolean} */
function filterOf(query) {
  const levels = chosen(query);
  const [chain, category] = [query.get('chain'), query.get('category')];
  const text = (query.get('q') ?? '').trim().toLowerCase();
  return ({ unit, machine, name }) =>
    (levels.size === 0 || levels.has(unit.level)) &&
    (!category || machine?.category === category) &&
    (!isChain(chain) || CHAINS[chain].some((status) => status === machine?.status)) &&
    (!text || `${name} ${unit.machine_id} ${unit.unit ?? ''} ${words(unit.mode ?? '')} ${unit.mode ?? ''}`.toLowerCase().includes(text));
}

/** @param {string | null} name @returns {name is keyof typeof CHAINS} */
const isChain = (name) => name !== null && name in CHAINS;

/** @param {URLSearchParams} query */
const chosen = (query) => new Set((query.get('health') ?? '').split(',').filter((one) => one in WORDS));

/** What needs somebody first: the only place that changes its order by itself. @param {State} state */
function renewFirst(state) {
  const box = document.getElementById('first');
  const isTouched = box?.matches(':hover, :focus-within');
  /** @type {Item[]} */
  const urgent = state.all.filter(({ unit }) => unit.level === 'alarm' || unit.level === 'warning');
  state.urgent = urgent.length;
  if (state.first.length && (isTouched || Date.now() - state.firstAt < FIRST_EVERY_MS)) {
    const there = new Map(urgent.map((item) => [item.key, item]));
    state.first = state.first.flatMap((item) => there.get(item.key) ?? []);
    if (state.first.length) return;
  }
  state.first = urgent.sort(byUrgency).slice(0, FIRST);
  state.firstAt = Date.now();
}

/** @param {State} state */
function speakOfWorse(state) {
  for (const { unit, name, rest } of state.all) {
    const before = state.levels.get(keyOf(unit));
    if (before !== undefined && before !== 'alarm' && unit.level === 'alarm') state.worse.add(`${name} ${rest}`);
    state.levels.set(keyOf(unit), unit.level);
  }
  if (!state.worse.size || Date.now() - state.spokenAt < SPEAK_EVERY_MS) return;
  const names = [...state.worse].slice(0, 5).join(', ');
  router.spoken = `${plural(state.worse.size, 'unit')} to act on now: ${names}`;
  state.worse.clear();
  state.spokenAt = Date.now();
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function view(state, { query }) {
  const many = state.all.length > LARGE_UP_TO;
  const isList = query.get('view') === 'list';
  const isSmall = query.get('size') === 's' || (many && query.get('size') !== 'l');
  if (feed.complete && state.all.length === 0) return empty();
  return html`<div @keydown=${shortcut}>
    <div class="head">
      <h1 tabindex="-1">Fleet</h1>
      <span class="muted">${size(state)}</span>
      <div class="row">
        <label class="unseen" for="search">Search: name, maker, id, failure mode</label>
        <input id="search" type="search" placeholder="Search  /" .value=${query.get('q') ?? ''}
          @input=${(/** @type {InputEvent} */ event) => set('q', /** @type {HTMLInputElement} */ (event.target).value)}>
        <label class="unseen" for="order">Order</label>
        <select id="order" @change=${(/** @type {Event} */ event) => set('sort', /** @type {HTMLSelectElement} */ (event.target).value)}>
          ${[['', 'by name'], ['urgency', 'most urgent first'], ['rul', 'least RUL first'], ['age', 'oldest reading first']].map(
            ([value, text]) => html`<option value=${value} ?selected=${(query.get('sort') ?? '') === value}>${text}</option>`)}
        </select>
        ${toggle('view', 'list', isList, 'List')} ${many ? toggle('size', isSmall ? 'l' : 's', false, isSmall ? 'Large tiles' : 'Small marks') : nothing}
        <button @click=${openKeys} aria-haspopup="dialog">Keys</button>
      </div>
    </div>
    ${counts(state, query)} ${first(state)}
    ${feed.complete && !state.items.length
      ? html`<p class="empty">No unit is like that. <button @click=${clearFilters}>Show all ${count(state.all.length)}</button></p>`
      : isList ? (state.list?.view(state.items) ?? nothing) : state.grid.view(state.items, isSmall ? 's' : 'l')}
  </div>`;
}

/** How many there are, and when that was true, if it is not now. @param {State} state */
function size(state) {
  if (!feed.complete) return 'Loading …';
  const then = feed.state === 'live' || !feed.heardAt ? '' : `, as of ${clock(feed.heardAt)}`;
  return `${plural(feed.machines.size, 'machine')}, ${plural(state.all.length, 'unit')}${then}`;
}

/** @param {string} name @param {string} value */
const set = (name, value) => router.change({ [name]: value || null });

const clearFilters = () => router.change({ health: null, chain: null, category: null, q: null });

/** @param {string} name @param {string} value @param {boolean} isOn @param {string} text */
const toggle = (name, value, isOn, text) =>
  html`<button aria-pressed=${isOn ? 'true' : 'false'} @click=${() => set(name, isOn ? '' : value)}>${text}</button>`;

/** @param {State} state @param {URLSearchParams} query */
function counts(state, query) {
  const levels = chosen(query);
  const chain = query.get('chain');
  return html`<div class="counts" role="group" aria-label="Show only">
    ${LEVELS.map((level) => html`<button aria-pressed=${levels.has(level) ? 'true' : 'false'}
      @click=${() => toggleLevel(levels, level)}>${mark(level)} ${WORDS[level]} <b>${feed.complete ? count(state.counts[level] ?? 0) : '–'}</b></button>`)}
    ${/** @type {(keyof typeof CHAINS)[]} */ (Object.keys(CHAINS)).map((which) =>
      state.chains[which] || chain === which
        ? html`<button class="thin" aria-pressed=${chain === which ? 'true' : 'false'}
            @click=${() => set('chain', chain === which ? '' : which)}>chain ${which} <b>${count(state.chains[which])}</b></button>`
        : nothing)}
  </div>`;
}

/** @param {Set<string>} levels @param {Level} level */
function toggleLevel(levels, level) {
  const wanted = LEVELS.filter((one) => (one === level) !== levels.has(one));
  set('health', wanted.join(','));
}

/** @param {State} state */
function first(state) {
  if (!state.first.length) return nothing;
  const more = state.urgent - state.first.length;
  return html`<section class="first" id="first" aria-label="Needs somebody first">
    <h2>Needs somebody first</h2>
    <ol>${state.first.map(({ unit, name, rest }) => html`<li><a href=${hrefOf(unit)}>
      ${mark(unit.level)}<span class="unseen">${WORDS[unit.level]}</span><b>${name} ${rest}</b>
      <span class="number">${hours(unit.rul_hours)} <span class="muted">${range(unit.rul_low_hours, unit.rul_high_hours, '')}</span></span>
      <span class="muted likely">${likeliest(unit)}</span></a></li>`)}</ol>
    ${more > 0 ? html`<button class="quiet" @click=${() => router.change({ health: 'alarm,warning', sort: 'urgency' })}>+${count(more)} more</button>` : nothing}
  </section>`;
}

const empty = () => html`<h1 tabindex="-1">Fleet</h1>
  <section class="empty">
    <h2>No machine yet</h2>
    <p>Here you will see every unit with its level, its remaining life, and how it will probably fail.</p>
    <p><a class="button" href=${href('/onboard')}>Onboard a machine</a></p>
    <p class="muted">Or on the command line: <code>fleetforge onboard --fleet</code> takes in 32 example machines,
      and <code>fleetforge demo</code> lets them age.</p>
  </section>`;

/** @param {KeyboardEvent} event */
function shortcut(event) {
  const isField = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (isField || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/') document.getElementById('search')?.focus();
  else if (event.key === '?') openKeys();
  else return;
  event.preventDefault();
}

const openKeys = () => import('../parts/keys.js').then((keys) => keys.open());
