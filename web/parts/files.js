// @ts-check
/** The files of a machine: sets to download, and everything else with its hash. */
import { html, nothing } from '../vendor/lit-html/lit-html.js';
import { href, part } from '../app/api.js';
import { bytes, moment } from '../app/format.js';

/** @type {Record<string, string>} */
const SETS = { train: 'Training set', val: 'Validation set', test: 'Test set' };

/** @import { Artifact, MachineDetail } from 'answers' */

/** @param {MachineDetail} machine */
export function files(machine) {
  if (!machine.artifacts.length) return html`<p class="muted">None yet.</p>`;
  const sorted = [...machine.artifacts].sort((one, other) => (one.key < other.key ? -1 : 1));
  return html`${machine.report
      ? html`<p><a href=${href(machine.report.page_href)} target="_blank">The quality report as a page</a></p>` : nothing}
    <div class="scroll" role="group" tabindex="0" aria-label="Files"><table><thead><tr><th>File</th><th class="number">Size</th><th>Verdict</th><th class="number">Made</th><th>Download</th><th>SHA-256</th></tr></thead>
      <tbody>${sorted.map((file) => row(machine, file))}</tbody></table></div>
    <p class="muted">A model is a pickle: load only models that you made. With a token:
      <code>curl -O -J -H "Authorization: Bearer …" ${location.origin}${href(`/api/gan/machines/${part(machine.machine_id)}/data/train`)}</code></p>`;
}

/** @param {MachineDetail} machine @param {Artifact} file */
function row(machine, file) {
  const split = /\/synthetic\/[^/]+\/(train|val|test)\.parquet$/.exec(file.key)?.[1];
  const path = href(`/api/gan/machines/${part(machine.machine_id)}/data/${split}`);
  return html`<tr>
    <th scope="row">${split ? html`${SETS[split]}<br>` : nothing}<code class="key">${file.key}</code></th>
    <td class="number">${bytes(file.size)}</td>
    <td>${file.verdict ?? '–'}</td>
    <td class="number">${file.published_at === null ? 'not yet published' : moment(file.published_at)}</td>
    <td>${split ? html`<a href=${path} download>Parquet</a> <a href=${`${path}?format=csv`} download>CSV</a>` : nothing}</td>
    <td><code class="hash">${file.sha256}</code></td></tr>`;
}
