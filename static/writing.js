/**
 * Help with writing, each loaded when it is first wanted: suggestions while one types, and the
 * picker of emoji.
 *
 * @typedef {import('./frames.js').Member} Member
 * @typedef {object} WritingPorts
 * @property {() => import('./frames.js').RoomFacts|undefined} room that is open
 * @property {(command: any) => Promise<any>} ask
 * @property {string} me user id
 * @property {(task: () => Promise<unknown>) => () => void} lazily tells where loading fails
 */
import { Members } from './members.js';
import { element } from './nodes.js';
import { t } from './texts.js';

/** Of more people than these, only so many are suggested. */
const most_people = 500;

export class Writing {
  #ports;
  /** @type {HTMLTextAreaElement} */
  #text = element('composer-text');
  /** Whom the open room has, and what that list is of. @type {{of: string, list: Promise<Member[]>}|null} */
  #people = null;

  /** @param {WritingPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    const first = (/** @type {Event} */ event) => {
      if (!/[:@]/.test(this.#text.value)) return;
      this.#text.removeEventListener('input', first);
      this.#suggest(/** @type {InputEvent} */ (event)).catch(reportError);
    };
    this.#text.addEventListener('input', first);
    element('composer-emoji').addEventListener(
      'click',
      ports.lazily(() => this.#choose()),
    );
  }

  /** @param {InputEvent} event that asked for it */
  async #suggest(event) {
    const { Suggestions } = await import('./suggest.view.js');
    const suggestions = new Suggestions({ members: () => this.#members(), me: this.#ports.me });
    suggestions.typed(event);
  }

  async #choose() {
    const [{ open_emoji }, { put }] = await Promise.all([
      import('./emoji.dialog.js'),
      import('./suggest.view.js'),
    ]);
    open_emoji(t('emoji.choose'), (emoji) => put(this.#text, this.#text.selectionStart, emoji));
  }

  /** @returns {Promise<Member[]>} */
  async #members() {
    const room = this.#ports.room();
    if (!room) return [];
    const of = `${room.id} ${room.members}`;
    if (this.#people?.of !== of) {
      const list = this.#read(room.id);
      this.#people = { of, list };
      // The next one who asks may have more luck.
      list.catch(() => (this.#people = null));
    }
    return this.#people.list;
  }

  /** @param {string} room */
  async #read(room) {
    const members = new Members(room, this.#ports.ask);
    await members.load();
    while (members.more && members.list.length < most_people) await members.load_more();
    return members.list;
  }
}
