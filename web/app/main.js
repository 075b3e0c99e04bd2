// @ts-check
/** Starts the application, and draws the frame around each page. */
import { html, nothing, render } from '../vendor/lit-html/lit-html.js';
import { Problem, href } from './api.js';
import { feed } from './feed.js';
import { clock, duration, inUtc, zone } from './format.js';
import { router } from './router.js';
import { session } from './session.js';

const PAGES = [
  ['/fleet', 'Fleet'],
  ['/alerts', 'Alerts'],
  ['/plan', 'Plan'],
  ['/tasks', 'Tasks'],
  ['/events', 'Events'],
  ['/onboard', 'Onboard'],
];

/** A lost connection is shown after this time, so that a restart of the service is not. */
const BAR_AFTER_MS = 5_000;
/** "Connected again" is shown for so long. */
const AGAIN_MS = 5_000;
/** Ages are drawn again after so many seconds. */
const AGES_SECONDS = 5;

const app = /** @type {HTMLElement} */ (document.getElementById('app'));
let barWasShown = false;
let againUntil = 0;

function frame() {
  return html`
    <a class="skip" href="#main" @click=${skip}>Skip to the page</a>
    <header class="top">
      <a class="brand" href=${href('/fleet')}>Fleetforge</a>
      <nav aria-label="Pages">${links()}</nav>
      <details class="menu">
        <summary>Menu</summary>
        <nav aria-label="Pages, in the menu" @click=${closeMenu}>${links()}</nav>
      </details>
      <div class="about">
        ${linkState()}
        <button class="quiet" @click=${switchZone} title="Switch between local time and UTC"
          aria-label=${`Times are in ${zone()}. Switch between local time and UTC`}>${zone()}</button>
        ${who()}
      </div>
    </header>
    ${bar()} ${openNotice()}
    <main id="main">${page()}</main>
    <div role="status" class="unseen">${router.spoken}</div>`;
}

const links = () =>
  PAGES.map(([path, name]) => {
    const current = router.path === path || (path === '/fleet' && router.path.startsWith('/machines'));
    return html`<a href=${href(path)} aria-current=${current ? 'page' : nothing}>${name}</a>`;
  });

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.querySelector('h1')?.focus();
}

/** @param {Event} event */
function closeMenu(event) {
  const menu = /** @type {Element} */ (event.currentTarget).closest('details');
  if (menu) menu.open = false;
}

const switchZone = () => {
  router.change({ tz: inUtc() ? null : 'utc' });
};

const LINK_WORDS = { connecting: 'connecting', live: 'live', lost: 'not connected', paused: 'paused', refused: 'refused' };

const linkState = () => html`<span class="link ${feed.state}"><i aria-hidden="true"></i>${LINK_WORDS[feed.state]}</span>`;

function who() {
  const found = session.who;
  if (!found) return nothing;
  if (found.open) return html`<span class="who">this machine</span>`;
  return html`<span class="who">${found.name} (${found.scope})</span>
    <button class="quiet" @click=${logout}>Log out</button>`;
}

async function logout() {
  await session.logout();
  router.go('/login');
}

/** Before the first token is made, this machine may do everything; the page says so. */
function openNotice() {
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  if (session.who && location.protocol === 'http:' && !local)
    return html`<p class="notice">This connection is not encrypted.</p>`;
  return nothing;
}

function bar() {
  const now = Date.now();
  if (feed.state === 'lost' && now - feed.lostAt >= BAR_AFTER_MS) {
    barWasShown = true;
    const left = Math.max(0, Math.ceil((feed.retryAt - now) / 1000));
    return html`<div class="bar" role="alert">
      <span>Not connected for ${duration(now - feed.lostAt)}.
        ${feed.heardAt ? html`What you see was true at <b>${clock(feed.heardAt)}</b>.` : nothing}
        ${left ? `Trying again in ${left} s.` : 'Trying …'}</span>
      <button @click=${() => feed.retry()}>Try now</button>
    </div>`;
  }
  if (feed.state === 'live' && barWasShown) {
    barWasShown = false;
    againUntil = now + AGAIN_MS;
  }
  return now < againUntil ? html`<div class="bar again" role="status">Connected again.</div>` : nothing;
}

function page() {
  if (router.problem) return problem(router.problem);
  if (router.loading || !router.page) return html`<h1 tabindex="-1" class="loading">Loading …</h1>`;
  return router.page.view(router.state, router.place);
}

/** @param {Problem} found */
function problem(found) {
  const gone = found.status === 404;
  return html`<section class="problem">
    <h1 tabindex="-1">${gone ? 'Not found' : found.title || 'Something failed'}</h1>
    <p>${found.detail}</p>
    <ul>${found.errors.map((one) => html`<li>${one.path ? html`<code>${one.path}</code>: ` : nothing}${one.message}${one.advice ? `; ${one.advice}` : ''}</li>`)}</ul>
    ${found.correlation ? html`<p class="muted">To find it in the log: <code>${found.correlation}</code></p>` : nothing}
    <p class="row"><button class="primary" @click=${() => router.reload()}>Try again</button>
      <a class="button" href=${href('/fleet')}>The fleet</a></p>
  </section>`;
}

let seconds = 0;

function tick() {
  seconds += 1;
  if (feed.state !== 'live' || Date.now() < againUntil + 1500 || seconds % AGES_SECONDS === 0) router.later();
}

/** The bar is due between two ticks. @param {string} what */
function drawWhenDue(what) {
  const left = feed.lostAt + BAR_AFTER_MS - Date.now();
  if (what === 'lost' && left > 0) setTimeout(() => router.later(), left);
}

async function start() {
  app.replaceChildren(); // The document has a first line, which is there before any script.
  router.start(() => render(frame(), app));
  feed.listeners.add(drawWhenDue);
  setInterval(tick, 1000);
  feed.start();
  try {
    await session.load();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) router.login();
  }
  router.draw();
}

start();
