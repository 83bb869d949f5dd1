/**
 * The composer: grows from one row to eight, sends on Enter, keeps what is typed.
 *
 * @typedef {object} ComposerPorts
 * @property {(body: string, about: About|null) => boolean} on_submit false: not taken, the text stays
 * @property {(text: string, subject: import('./drafts.js').Subject|null, typed: boolean) => void} on_kept
 *   every change of a draft, by typing or not
 * @property {() => void} on_up the arrow up in an empty composer
 *
 * @typedef {{kind: 'reply'|'edit', target: number, words: string}} About what is being written,
 *   where it is no message of its own
 */
import { measure, prepare } from './body.js';
import { element } from './nodes.js';
import { t } from './texts.js';

const most_rows = 8;
/** Surely more than fills that many rows. */
const measured_characters = 4000;

export class Composer {
  limit_bytes = 32768;
  #ports;
  /** @type {HTMLTextAreaElement} */
  #text = element('composer-text');
  /** @type {HTMLTextAreaElement} */
  #copy = element('composer-copy');
  /** @type {HTMLElement} */
  #counter = element('composer-counter');
  /** @type {About|null} */
  #about = null;
  /** The draft that an edit has put aside. */
  #aside = '';

  /** @param {ComposerPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    this.#text.addEventListener('input', () => {
      this.keep(true);
      this.#fit();
    });
    this.#text.addEventListener('keydown', (event) => this.#pressed(event));
    element('composer').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#submit();
    });
    element('composer-cancel').addEventListener('click', () => this.#give_up());
    new ResizeObserver(() => this.#grow()).observe(this.#text);
  }

  focus() {
    this.#text.focus();
  }

  /** @param {string} room_name @param {string} draft @param {import('./drafts.js').Subject|null} [subject] */
  show(room_name, draft, subject = null) {
    this.#write(subject);
    this.#text.placeholder = t('composer.placeholder', { name: room_name });
    this.#text.value = draft;
    if (subject) this.#take_up(subject, subject.text);
    this.#fit();
  }

  /** An edit begins with the old words. @param {About} about @param {string} [text] */
  #take_up({ kind }, text) {
    if (kind !== 'edit') return;
    this.#aside = this.#text.value;
    this.#text.value = text ?? '';
  }

  /** @param {boolean} [typed] */
  keep(typed = false) {
    const text = this.#text.value;
    const edits = this.#about?.kind === 'edit';
    const subject = this.#about && { ...this.#about, ...(edits ? { text } : {}) };
    this.#ports.on_kept(edits ? this.#aside : text, subject, typed);
  }

  /** A reply keeps what is typed; an edit begins with the old words. @param {About} about @param {string} [text] */
  begin(about, text) {
    this.cancel();
    this.#write(about);
    this.#take_up(about, text);
    this.keep();
    this.#fit();
    this.focus();
  }

  /** Back to a message of its own; with `target` only from what is about that. @param {number} [target] */
  cancel(target) {
    if (!this.#about || (target !== undefined && this.#about.target !== target)) return;
    if (this.#about.kind === 'edit') this.#text.value = this.#aside;
    this.#write(null);
    this.keep();
    this.#fit();
  }

  #give_up() {
    this.cancel();
    this.focus();
  }

  /** @param {About|null} about */
  #write(about) {
    this.#about = about;
    this.#aside = '';
    element('composer-about').hidden = !about;
    element('composer-about-text').textContent = about?.words ?? '';
    const action = about?.kind === 'edit' ? 'composer.save' : 'shell.composer.send';
    element('composer-send').textContent = t(action);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    // 229 is what some browsers report for the Enter that ends an input method's composition.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === 'Escape' && this.#about && !composing) return this.#give_up();
    if (event.key === 'ArrowUp' && !this.#text.value && !this.#about) {
      event.preventDefault();
      return this.#ports.on_up();
    }
    if (event.key !== 'Enter' || event.shiftKey || composing) return;
    if (matchMedia('(pointer: coarse)').matches && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const { empty, over } = measure(this.#text.value, this.limit_bytes);
    if (over || empty) return this.#fit();
    if (this.#ports.on_submit(prepare(this.#text.value), this.#about)) {
      this.#text.value = this.#aside;
      this.#write(null);
      this.keep();
    }
    this.#fit();
    return this.#text.focus();
  }

  #fit() {
    const { over, sentence } = measure(this.#text.value, this.limit_bytes);
    this.#counter.textContent = sentence;
    this.#counter.classList.toggle('over', over);
    if (over) this.#text.setAttribute('aria-invalid', 'true');
    else this.#text.removeAttribute('aria-invalid');
    this.#grow();
  }

  /**
   * Rows by measuring: `rows` needs no inline style, which the policy forbids. Measured in a copy,
   * because shrinking the real one for a moment would move the timeline above it.
   */
  #grow() {
    const { lineHeight, paddingTop, paddingBottom } = getComputedStyle(this.#copy);
    const padding_px = parseFloat(paddingTop) + parseFloat(paddingBottom);
    // More lines than fit make no difference, and laying out thousands would cost each key press.
    const start = this.#text.value.slice(0, measured_characters);
    this.#copy.value = start.split('\n', most_rows + 2).join('\n');
    const lines = Math.round((this.#copy.scrollHeight - padding_px) / parseFloat(lineHeight));
    const rows = Math.max(1, Math.min(most_rows, lines));
    if (this.#text.rows !== rows) this.#text.rows = rows;
    this.#text.classList.toggle('full', lines > most_rows);
  }
}
