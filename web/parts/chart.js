// @ts-check
/**
 * A chart over time: a heading, the value at the cursor as text, a range input as cursor, and the
 * same numbers as a table. Dragging, buttons and + and − choose a part of it. Pages use uPlot only through this.
 */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import uPlot from '../vendor/uplot/uPlot.js';
import { moment } from '../app/format.js';
import { redraw } from '../app/router.js';
import { colour, drawLimits, loadStyle, timeLabels } from './plot.js';

/**
 * @typedef {object} Drawn
 * @property {number[]} times ms since 1970, rising
 * @property {(number | null)[]} middle
 * @property {(number | null)[]} low
 * @property {(number | null)[]} high
 * @property {{at: number, name: string}[]} limits horizontal lines
 * @property {import('./course.js').Period} whole all that can be shown
 * @property {import('./course.js').Period | null} period the part of it that is shown
 */

const HEIGHT = 230;
/** A table has at most this many rows; they are spread over the whole time. */
const MOST_ROWS = 200;
/** No shorter time is shown; forecasts are kept every five minutes of readings. */
const LEAST_MS = 600_000;

export class TimeChart {
  /** The place of the cursor in the data; the newest at first. */
  index = -1;
  #host = document.createElement('div');
  /** @type {uPlot | null} */
  #plot = null;
  /** @type {Drawn} */
  #drawn = { times: [], middle: [], low: [], high: [], limits: [], whole: { since: 0, until: 0 }, period: null };
  #theme = matchMedia('(prefers-color-scheme: dark)');
  #renew = () => this.#build();
  #sizes = new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (!width) return;
    if (this.#plot) this.#plot.setSize({ width, height: HEIGHT });
    else this.#build();
  });

  /**
   * @param {object} about
   * @param {string} about.id
   * @param {string} about.heading
   * @param {string[]} about.columns of the table, after the time
   * @param {(value: number | null) => string} about.text a value with its unit
   * @param {(index: number) => unknown} about.line what the line under the heading says
   * @param {(period: import('./course.js').Period | null) => void} about.zoom show this part; null: all
   */
  constructor(about) {
    this.about = about;
    this.#host.className = 'plot';
    this.#host.setAttribute('aria-hidden', 'true');
    loadStyle();
    this.#sizes.observe(this.#host);
    this.#theme.addEventListener('change', this.#renew);
  }

  leave() {
    this.#sizes.disconnect();
    this.#theme.removeEventListener('change', this.#renew);
    this.#plot?.destroy();
  }

  /** @param {Drawn} drawn */
  set(drawn) {
    const before = this.#drawn.times;
    const wasLast = this.index < 0 || this.index >= before.length - 1;
    const next = wasLast ? -1 : drawn.times.findIndex((time) => time >= before[this.index]);
    this.#drawn = drawn;
    this.index = next < 0 ? drawn.times.length - 1 : next;
    if (this.#plot) this.#plot.setData(this.#columns());
    else if (this.#host.clientWidth) this.#build();
  }

  /** @returns {uPlot.AlignedData} */
  #columns() {
    const { times, middle, low, high } = this.#drawn;
    return [times.map((ms) => ms / 1000), high, low, middle];
  }

  #build() {
    this.#plot?.destroy();
    this.#plot = null;
    if (!this.#drawn.times.length) return;
    const [ink, muted, line, band] = ['--ink', '--muted', '--line', '--band-deep'].map(colour);
    const font = `12px ${colour('--font')}`;
    const axis = { stroke: muted, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    this.#plot = new uPlot(
      {
        width: this.#host.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false, setScale: false } },
        scales: { y: { range: (_plot, _low, high) => [0, this.#top(high)] } },
        axes: [
          { ...axis, values: timeLabels, space: 70, size: 40 },
          { ...axis, size: 62, values: (_plot, splits) => splits.map(this.about.text) },
        ],
        series: [
          {},
          { stroke: band, width: 1, points: { show: false } },
          { stroke: band, width: 1, points: { show: false } },
          { stroke: ink, width: 2, points: { show: false } },
        ],
        bands: [{ series: [1, 2], fill: band }],
        hooks: { setCursor: [(plot) => this.#pointed(plot)], setSelect: [(plot) => this.#dragged(plot)], draw: [(plot) => drawLimits(plot, this.#drawn.limits, muted, font)] },
      },
      this.#columns(),
      this.#host,
    );
  }

  /** @param {number} high */
  #top(high) {
    const limits = this.#drawn.limits.map((limit) => limit.at);
    return Math.max(high || 0, ...limits) * 1.06 || 1;
  }

  /** @param {uPlot} plot */
  #pointed(plot) {
    const index = plot.cursor.idx;
    if (index === null || index === undefined || index === this.index) return;
    this.index = index;
    redraw();
  }

  /** @param {uPlot} plot */
  #dragged(plot) {
    const { left, width } = plot.select;
    if (!width) return;
    const [since, until] = [left, left + width].map((x) => plot.posToVal(x, 'x') * 1000);
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#zoom(since, until);
  }

  /** So many times as much, as far as there is so much, around the cursor. @param {number} factor */
  #zoomBy(factor) {
    const { times, whole, period } = this.#drawn;
    const { since, until } = period ?? whole;
    const length = (until - since) * factor;
    const from = Math.max(whole.since, Math.min(times[this.index] - length / 2, whole.until - length));
    this.#zoom(from, from + length);
  }

  /** @param {number} since @param {number} until */
  #zoom(since, until) {
    const { whole } = this.#drawn;
    const [from, to] = [Math.max(since, whole.since), Math.min(until, whole.until)];
    if (to - from < LEAST_MS) return;
    this.about.zoom(from <= whole.since && to >= whole.until ? null : { since: from, until: to });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const factor = { '+': 0.5, '=': 0.5, '-': 2, '−': 2 }[event.key];
    if (!factor || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#zoomBy(factor);
  }

  /** @param {number} index */
  #move(index) {
    this.index = index;
    const plot = this.#plot;
    if (plot) plot.setCursor({ left: plot.valToPos(this.#drawn.times[index] / 1000, 'x'), top: 10 }, false);
    redraw();
  }

  view() {
    const { id, heading, line } = this.about;
    const { times, period } = this.#drawn;
    const last = times.length - 1;
    const whole = period ? html`<button class="quiet" @click=${() => this.about.zoom(null)}>Whole life</button>` : nothing;
    if (last < 0) return html`<h2>${heading}</h2><p class="muted">${period ? html`No forecast is from this time. ${whole}` : 'No forecast was kept yet.'}</p>`;
    const at = Math.min(Math.max(0, this.index), last);
    return html`<h2 id="${id}-heading">${heading}</h2>
      <p class="value number" id="${id}-value"><b>${moment(times[at])}</b> ${line(at)}</p>
      ${last > 0
        ? html`${this.#host}<input type="range" min="0" max=${last} .value=${String(at)} aria-labelledby="${id}-heading"
            aria-valuetext=${`${moment(times[at])}: ${this.about.text(this.#drawn.middle[at])}`}
            @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}
            @input=${(/** @type {Event} */ event) => this.#move(Number(/** @type {HTMLInputElement} */ (event.target).value))}>
          <div class="row zoom"><button class="quiet" @click=${() => this.#zoomBy(0.5)}>Zoom in</button>
            ${period ? html`<button class="quiet" @click=${() => this.#zoomBy(2)}>Zoom out</button> ${whole}` : nothing}</div>`
        : html`<p class="muted">${period ? 'One forecast is from this time.' : 'One forecast so far; its course is drawn from the second one on.'} ${whole}</p>`}
      <details><summary>As a table</summary><div class="scroll" role="group" tabindex="0" aria-label="Forecasts as a table">${this.#table()}</div></details>`;
  }

  #table() {
    const { times, middle, low, high } = this.#drawn;
    const step = Math.ceil(times.length / MOST_ROWS);
    const rows = times.map((_, index) => index).filter((index) => (times.length - 1 - index) % step === 0);
    return html`<table><thead><tr><th>Time</th>${this.about.columns.map((name) => html`<th class="number">${name}</th>`)}</tr></thead>
      <tbody>${rows.reverse().map((index) => html`<tr><td>${moment(times[index])}</td>
        ${[middle, low, high].map((values) => html`<td class="number">${this.about.text(values[index])}</td>`)}</tr>`)}</tbody></table>`;
  }
}
