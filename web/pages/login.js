// @ts-check
/** Log in with a token, or with the code of a link that works once. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { Problem, href } from '../app/api.js';
import { redraw, router } from '../app/router.js';
import { session } from '../app/session.js';

/** @import { Health } from 'answers' */
/** @typedef {{isBusy: boolean, refusal: string, health: Health | null}} State */

export const title = () => 'Log in';

/** @param {import('../app/router.js').Place} place */
export async function load({ query }) {
  /** @type {State} */
  const state = { isBusy: false, refusal: '', health: null };
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code) {
    history.replaceState(history.state, '', location.pathname + location.search);
    await login(state, { code }, query);
  }
  state.health = await fetch(href('/health')).then((answer) => answer.json());
  return state;
}

/** @param {State} state @param {{token: string} | {code: string}} proof @param {URLSearchParams} query */
async function login(state, proof, query) {
  Object.assign(state, { isBusy: true, refusal: '' });
  redraw();
  try {
    await session.login(proof);
    const next = query.get('next') ?? '/fleet';
    router.go(/^\/(?![/\\])/.test(next) ? next : '/fleet', { replace: true });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    state.refusal = error.status === 401 ? 'This token is wrong, expired or revoked.' : error.message;
    if ('code' in proof && error.status === 401) state.refusal = 'This link has been used, or is too old. Run fleetforge open again.';
  } finally {
    state.isBusy = false;
    redraw();
  }
}

/** @param {State} state @param {import('../app/router.js').Place} place */
export function view(state, { query }) {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (document.getElementById('token'));
    if (!state.isBusy) login(state, { token: field.value.trim() }, query);
  };
  return html`<section class="login">
    <h1 tabindex="-1">Log in</h1>
    ${session.who?.open ? html`<p>No token was made yet: this machine may do everything, and others have no access.
      <code>fleetforge tokens create NAME --scope write</code> changes that.</p>` : nothing}
    <form class="fields" @submit=${submit}>
      <div class="field"><label for="token">Token</label>
        <input id="token" type="password" autocomplete="current-password" required aria-describedby="token-hint" aria-invalid=${state.refusal ? 'true' : 'false'}>
        <p class="hint" id="token-hint">Make one: <code>fleetforge tokens create NAME --scope read</code></p>
        ${state.refusal ? html`<p class="refusal" role="alert">${state.refusal}</p>` : nothing}</div>
      <p><button class="primary">${state.isBusy ? 'Logging in …' : 'Log in'}</button></p>
    </form>
    ${state.health ? parts(state.health) : nothing}
  </section>`;
}

/** What the service is made of, and how it is. @param {Health} health */
const parts = (health) => html`<section class="panel"><h2>This service</h2>
  <dl class="facts">${Object.entries(health.parts).map(([name, part]) => html`<dt>${name}</dt>
    <dd class=${part.ok ? '' : 'refusal'}>${part.says}</dd>`)}</dl>
  <p class="muted">Every call is described at <a href=${href('/docs')} target="_blank">/docs</a>. The pages use lit-html (BSD-3-Clause) and uPlot (MIT).</p></section>`;
