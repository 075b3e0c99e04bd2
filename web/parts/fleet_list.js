// @ts-check
/** The units as a table, with more columns than a tile has. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { feed } from '../app/feed.js';
import { count, duration, figure, hours, moment, range } from '../app/format.js';
import { isPrior, isStale, likeliest, sign, standing } from '../app/health.js';
import { redraw } from '../app/router.js';
import { chainShows, chainText, hrefOf } from './tile.js';

/** Rows that are added each time. */
const STEP = 200;

export class FleetList {
  #most = STEP;

  /** @param {import('./tile.js').Item[]} items */
  view(items) {
    const now = feed.now();
    const more = items.length - this.#most;
    return html`<div class="panel scroll" role="group" tabindex="0" aria-label="Units"><table>
      <caption class="unseen">Units with their forecasts</caption>
      <thead><tr><th>Unit</th><th>Level</th><th class="number">RUL</th><th class="number">90 % interval</th><th>Likeliest failure</th>
        <th class="number">Novelty</th><th class="number">Newest reading</th><th>Model</th></tr></thead>
      <tbody>${items.slice(0, this.#most).map((item) => row(item, now))}</tbody>
    </table></div>
    ${more > 0 ? html`<p><button @click=${() => this.#more()}>Show ${count(Math.min(STEP, more))} more of ${count(more)}</button></p>` : nothing}`;
  }

  #more() {
    this.#most += STEP;
    redraw();
  }
}

/** @param {import('./tile.js').Item} item @param {number} now */
function row({ unit, machine, name, rest }, now) {
  const novelty = unit.novelty === undefined ? '–' : `${figure(unit.novelty, 3)} of ${figure(unit.novelty_limit, 3)}`;
  return html`<tr>
    <th scope="row"><a href=${hrefOf(unit)}>${name} ${rest}</a></th>
    <td>${standing(unit.level)}</td>
    <td class="number">${hours(unit.rul_hours)}</td>
    <td class="number">${range(unit.rul_low_hours, unit.rul_high_hours)}</td>
    <td>${machine && chainShows(machine) ? chainText(machine) : likeliest(unit) || '–'}</td>
    <td class="number">${novelty}</td>
    <td class="number">${unit.seen_at === undefined ? '–' : html`${isStale(unit, now) ? sign('clock') : nothing}
      <time title=${moment(unit.seen_at)}>${duration(now - unit.seen_at)} ago</time>`}</td>
    <td>${unit.predictor_version === undefined ? '–' : `version ${unit.predictor_version}`}${isPrior(unit) ? ', lifetimes of the type' : ''}</td>
  </tr>`;
}
