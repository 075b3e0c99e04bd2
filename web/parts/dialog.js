// @ts-check
/** Dialogs: native ones, so that focus, Escape and the background are the browser's. */
import { html, nothing, render } from '../vendor/lit-html/lit-html.js';
import { Problem, newKey } from '../app/api.js';

/** @param {unknown} content @param {string} heading */
export function openDialog(heading, content) {
  const before = document.activeElement;
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'dialog-heading');
  document.body.append(dialog);
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (before instanceof HTMLElement) before.focus();
  });
  const draw = (/** @type {unknown} */ shown) =>
    render(html`<h2 id="dialog-heading">${heading}</h2>${shown}`, dialog);
  draw(content);
  dialog.showModal();
  return { dialog, draw, close: () => dialog.close() };
}

/**
 * Ask before an act, do it, and close when the service has it. A refusal stays in the dialog.
 * @param {object} about
 * @param {string} about.heading
 * @param {unknown} about.text what the act does
 * @param {unknown} [about.fields]
 * @param {string} about.button
 * @param {(form: FormData, key: string) => Promise<unknown>} about.act
 * @param {() => void} [about.done]
 */
export function confirmAct({ heading, text, fields = nothing, button, act, done = () => {} }) {
  const key = newKey();
  let isBusy = false;
  /** @type {Problem | null} */
  let refusal = null;
  const opened = openDialog(heading, nothing);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (isBusy) return;
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    [isBusy, refusal] = [true, null];
    draw();
    try {
      await act(form, key);
      opened.close();
      done();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      [isBusy, refusal] = [false, error];
      draw();
    }
  };
  const draw = () =>
    opened.draw(html`<form @submit=${submit}>
      <div class="text">${text}</div>${fields}
      ${refusal ? html`<p class="refusal" role="alert">${refusal.message}${refusal.errors.map((one) => html`<br>${one.path}: ${one.message}; ${one.advice}`)}</p>` : nothing}
      <div class="row"><button class="primary" aria-disabled=${isBusy ? 'true' : 'false'}>${isBusy ? 'Sending …' : button}</button>
        <button type="button" @click=${opened.close}>Cancel</button></div>
    </form>`);
  draw();
}
