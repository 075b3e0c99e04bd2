// @ts-check
/** Tiles in rows, of which only those in sight are in the page; one tab stop, moved by arrows. */
import { html } from '../vendor/lit-html/lit-html.js';
import { feed } from '../app/feed.js';
import { redraw, router } from '../app/router.js';
import { tile } from './tile.js';

/** @typedef {import('./tile.js').Item} Item */

/** Rows beyond the window's edges that are in the page. */
const MORE_ROWS = 3;
/** Rows that PageUp and PageDown move by. */
const PAGE_ROWS = 4;
/** Fewer tiles than this are all in the page. */
const ALL_UP_TO = 96;

export class Grid {
  /** The key of the tile that Tab reaches. */
  active = '';
  #hasFocus = false;
  /** A drawing that removes the focused element takes its focus, which is no wish of the reader. */
  #isDrawing = false;
  /** @type {Item[]} */
  #items = [];
  #columns = 1;
  #small = false;
  #scrolled = () => this.#items.length > ALL_UP_TO && redraw();

  constructor() {
    window.addEventListener('scroll', this.#scrolled, { passive: true });
    window.addEventListener('resize', redraw);
  }

  leave() {
    window.removeEventListener('scroll', this.#scrolled);
    window.removeEventListener('resize', redraw);
  }

  /** @param {number} width in rem */
  static columnsOf(width) {
    if (width >= 72) return 8;
    if (width >= 54) return 6;
    if (width >= 35) return 4;
    return width >= 16 ? 2 : 1;
  }

  /**
   * @param {Item[]} items
   * @param {'l' | 's'} size
   */
  view(items, size) {
    this.#items = items;
    this.#small = size === 's';
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const place = document.getElementById('grid');
    const width = (place?.clientWidth ?? document.body.clientWidth - 3 * rem) / rem;
    this.#columns = this.#small ? Math.max(1, Math.floor(width / 2.25)) : Grid.columnsOf(width);
    const rows = Math.ceil(items.length / this.#columns);
    const [from, to] = this.#inSight(place, rows);
    const now = feed.now();
    const at = Math.max(0, items.findIndex((item) => item.key === this.active));
    const shown = items.slice(from, to).map((item, index) => this.#cell(item, from + index, at, now));
    // The tile that has the focus stays in the page when it is scrolled out of sight.
    if (items.length && (at < from || at >= to)) shown.push(this.#cell(items[at], at, at, now));
    this.#isDrawing = true;
    queueMicrotask(() => {
      this.#isDrawing = false;
      this.#keepFocus(at);
    });
    return html`<ul id="grid" class="grid ${size}" aria-label="Units"
      .style=${`grid-template-columns: repeat(${this.#columns}, minmax(0, 1fr)); grid-template-rows: repeat(${rows}, var(--tile));`}
      @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event)}
      @focusin=${(/** @type {FocusEvent} */ event) => this.#focused(event)}
      @focusout=${() => (this.#hasFocus &&= this.#isDrawing)}>${shown}</ul>`;
  }

  /** @param {HTMLElement | null} place @param {number} rows @returns {[number, number]} */
  #inSight(place, rows) {
    if (this.#items.length <= ALL_UP_TO) return [0, this.#items.length];
    // Before the first drawing there is no row to measure; any number shows the first ones.
    const style = place && getComputedStyle(place);
    const step = style ? parseFloat(style.gridAutoRows) + parseFloat(style.rowGap) : innerHeight;
    const top = place ? place.getBoundingClientRect().top : 0;
    const first = Math.max(0, Math.floor(-top / step) - MORE_ROWS);
    const last = Math.min(rows, Math.ceil((innerHeight - top) / step) + MORE_ROWS);
    return [first * this.#columns, Math.max(first, last) * this.#columns];
  }

  /** @param {Item} item @param {number} index @param {number} at @param {number} now */
  #cell(item, index, at, now) {
    const total = this.#items.length;
    const place = `grid-row: ${Math.floor(index / this.#columns) + 1}; grid-column: ${(index % this.#columns) + 1};`;
    return html`<li .style=${place} aria-setsize=${total} aria-posinset=${index + 1}>
      ${tile(item, now, { index, isActive: index === at, small: this.#small })}</li>`;
  }

  /** @param {FocusEvent} event */
  #focused(event) {
    this.#hasFocus = true;
    const index = Number(/** @type {HTMLElement} */ (event.target).dataset.index);
    const key = this.#items[index]?.key;
    if (key === undefined || key === this.active) return;
    this.active = key;
    redraw();
  }

  /** Elements are used again for other tiles; the focus goes where its tile is. @param {number} at */
  #keepFocus(at) {
    if (!this.#hasFocus) return;
    const link = /** @type {HTMLElement | null} */ (document.querySelector(`#grid [data-index="${at}"]`));
    if (link && link !== document.activeElement) link.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.#items.length - 1;
    const at = Math.max(0, this.#items.findIndex((item) => item.key === this.active));
    /** @type {Record<string, number>} */
    const moves = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + this.#columns,
      ArrowUp: at - this.#columns,
      PageDown: at + PAGE_ROWS * this.#columns,
      PageUp: at - PAGE_ROWS * this.#columns,
      Home: 0,
      End: last,
    };
    const to = moves[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const beyond = to < 0 || to > last;
    if (beyond && !event.key.startsWith('Page')) return;
    this.#move(Math.max(0, Math.min(last, to)));
  }

  /** @param {number} to */
  #move(to) {
    this.active = this.#items[to].key;
    const grid = document.getElementById('grid');
    if (!grid) return;
    const row = Math.floor(to / this.#columns);
    const rows = Math.ceil(this.#items.length / this.#columns);
    const step = grid.getBoundingClientRect().height / rows;
    const top = grid.getBoundingClientRect().top + row * step;
    if (top < 0) scrollBy(0, top - step / 4);
    else if (top + step > innerHeight) scrollBy(0, top + step * 1.25 - innerHeight);
    this.#hasFocus = true;
    router.draw();
  }
}
