/**
 * The list of suggestions above the composer: what begins with `:` or `@` before the caret. The
 * focus stays in the text; which one Enter takes is told by `aria-activedescendant`.
 *
 * @typedef {import('./frames.js').Member} Member
 * @typedef {import('./suggest.js').Wish} Wish
 * @typedef {{sign: Node, says: string, more: string, text: string}} Choice text: what is inserted
 * @typedef {object} SuggestPorts
 * @property {() => Promise<Member[]>} members of the open room
 * @property {string} me user id
 */
import { element, make } from './nodes.js';
import { face } from './row.view.js';
import { closed_name, most_shown, people_like, wish_in } from './suggest.js';
import { language, t } from './texts.js';

/** A longer piece at once is pasted, not typed. */
const most_typed = 2;

/** @param {InputEvent} event whether somebody is typing: then help is welcome */
const is_typing = ({ inputType = '', data }) =>
  inputType === 'insertCompositionText' ||
  inputType.startsWith('delete') ||
  (inputType === 'insertText' && (data ?? '').length <= most_typed);

/** @param {HTMLTextAreaElement} text @param {number} from @param {string} words instead of what stands from there to the caret */
export function put(text, from, words) {
  text.focus();
  text.setSelectionRange(from, text.selectionEnd);
  // The only way that the browser's Undo knows; it sends the event of typing.
  if (document.execCommand('insertText', false, words)) return;
  text.setRangeText(words, from, text.selectionEnd, 'end');
  text.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

export class Suggestions {
  #ports;
  /** @type {HTMLTextAreaElement} */
  #text = element('composer-text');
  #list = make('ul', { id: 'suggestions', class: 'suggestions', role: 'listbox', hidden: '' });
  /** @type {Choice[]} */
  #choices = [];
  #active = 0;
  /** @type {Wish|null} */
  #wish = null;
  /** Where a list was closed by Escape: it stays closed for this sign. */
  #refused = -1;
  #turn = 0;

  /** @param {SuggestPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    const text = this.#text;
    element('composer').append(this.#list);
    text.setAttribute('aria-autocomplete', 'list');
    text.setAttribute('aria-controls', this.#list.id);
    text.addEventListener('input', (event) => this.typed(/** @type {InputEvent} */ (event)));
    text.addEventListener('compositionend', () => this.#look());
    // Before the composer, whose Enter sends.
    text.addEventListener('keydown', (event) => this.#pressed(event), { capture: true });
    text.addEventListener('blur', () => this.close());
    document.addEventListener('selectionchange', () => this.#follow());
    this.#list.addEventListener('pointerdown', (event) => event.preventDefault());
    this.#list.addEventListener('click', ({ target }) => {
      const at = [...this.#list.children].indexOf(
        /** @type {Element} */ (/** @type {Element} */ (target).closest('li')),
      );
      if (at >= 0) this.#take(at);
    });
  }

  /** @param {InputEvent} event */
  typed(event) {
    if (!is_typing(event)) return this.close();
    if (event.data === ':' && !event.isComposing) this.#replace_name();
    return this.#look();
  }

  get #before() {
    return this.#text.value.slice(0, this.#text.selectionEnd);
  }

  /** A name that has just been closed becomes its emoji. */
  async #replace_name() {
    const closed = closed_name(this.#before);
    if (!closed) return;
    const before = this.#before;
    const { by_name } = await import('./emoji.search.js');
    const emoji = by_name(closed.name);
    if (emoji && this.#before === before) put(this.#text, closed.from, emoji);
  }

  async #look() {
    const turn = ++this.#turn;
    const wish = wish_in(this.#before);
    if (wish?.from !== this.#refused) this.#refused = -1;
    if (!wish || wish.from === this.#refused) return this.close();
    try {
      const find = wish.kind === 'emoji' ? this.#emoji(wish) : this.#people(wish);
      const choices = await find;
      // Somebody typed on.
      if (turn === this.#turn) this.#show(wish, choices);
    } catch (error) {
      // Without suggestions one still writes.
      this.close();
      reportError(error);
    }
    return undefined;
  }

  /** @param {Wish} wish @returns {Promise<Choice[]>} */
  async #emoji({ query }) {
    const { label, search } = await import('./emoji.search.js');
    return search(query, language)
      .slice(0, most_shown)
      .map((one) => ({
        sign: make('span', { class: 'sign', 'aria-hidden': 'true' }, one.emoji),
        ...{ says: label(one, language), more: `:${one.names[0]}:`, text: one.emoji },
      }));
  }

  /** @param {Wish} wish @returns {Promise<Choice[]>} */
  async #people({ query }) {
    const { members, me } = this.#ports;
    return people_like(await members(), query, me).map(({ id, username, full_name }) => ({
      sign: face(id, full_name),
      ...{ says: full_name, more: `@${username}`, text: `@${username} ` },
    }));
  }

  /** @param {Wish} wish @param {Choice[]} choices */
  #show(wish, choices) {
    if (!choices.length || document.activeElement !== this.#text) return this.close();
    this.#wish = wish;
    this.#choices = choices;
    this.#list.setAttribute('aria-label', t(`suggest.${wish.kind}`));
    this.#list.replaceChildren(
      ...choices.map(({ sign, says, more }, i) => {
        const words = make('span', { class: 'says', dir: 'auto' }, says);
        const hint = make('span', { class: 'hint' }, more);
        return make('li', { role: 'option', id: `suggestion-${i}` }, sign, words, ' ', hint);
      }),
    );
    this.#list.hidden = false;
    return this.#point(0);
  }

  /** @param {number} at */
  #point(at) {
    this.#active = at;
    [...this.#list.children].forEach((item, i) =>
      item.setAttribute('aria-selected', String(i === at)),
    );
    this.#text.setAttribute('aria-activedescendant', `suggestion-${at}`);
    this.#list.children[at].scrollIntoView({ block: 'nearest' });
  }

  close() {
    this.#turn++;
    this.#wish = null;
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#text.removeAttribute('aria-activedescendant');
  }

  /** The caret went elsewhere. */
  #follow() {
    if (this.#wish && wish_in(this.#before)?.from !== this.#wish.from) this.close();
  }

  /** @param {number} at */
  #take(at) {
    const { text } = this.#choices[at];
    const { from, kind } = /** @type {Wish} */ (this.#wish);
    this.close();
    put(this.#text, from, text);
    if (kind === 'emoji') import('./emoji.dialog.js').then(({ remember }) => remember(text));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const composing = event.isComposing || event.keyCode === 229;
    const other = event.shiftKey || event.altKey || event.ctrlKey || event.metaKey;
    if (!this.#wish || composing || other) return;
    const count = this.#choices.length;
    if (event.key === 'ArrowDown') this.#point((this.#active + 1) % count);
    else if (event.key === 'ArrowUp') this.#point((this.#active + count - 1) % count);
    else if (event.key === 'Enter' || event.key === 'Tab') this.#take(this.#active);
    else if (event.key === 'Escape') {
      this.#refused = this.#wish.from;
      this.close();
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}
