// @ts-check
/** The keys of the fleet page. */
import { html } from '../vendor/lit-html/lit-html.js';
import { openDialog } from './dialog.js';

const KEYS = [
  ['← → ↑ ↓', 'from tile to tile'],
  ['Page up, Page down', 'four rows'],
  ['Home, End', 'first and last tile'],
  ['Enter', 'open the unit'],
  ['/', 'search'],
  ['?', 'these keys'],
];

export function open() {
  const opened = openDialog(
    'Keys of this page',
    html`<div class="keys"><dl>${KEYS.map(([key, text]) => html`<dt><kbd>${key}</kbd></dt><dd>${text}</dd>`)}</dl></div>
      <div class="row"><button class="primary" @click=${() => opened.close()}>Close</button></div>`,
  );
}
