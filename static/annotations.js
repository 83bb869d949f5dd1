/**
 * What later events of a room say about earlier ones: edits, reactions, deletions. Events come in
 * ascending order as they happen, and in any order as history is paged back. Pure.
 *
 * @typedef {import('./message.js').Message} Message
 */

/** @param {unknown} list @returns {number[]} */
const numbers = (list) => (Array.isArray(list) ? list.filter(Number.isSafeInteger) : []);

export class Annotations {
  /** Edits of a message, ascending. @type {Map<number, Message[]>} */
  #edits = new Map();
  /** Reactions to a message, by their own number. @type {Map<number, Map<number, Message>>} */
  #reactions = new Map();
  /** Numbers that are destroyed, who did it, and the number that says so.
   * @type {Map<number, {by: string, at: number}>} */
  #deleted = new Map();
  /** Destroyed numbers that never had a row. @type {Set<number>} */
  #rowless = new Set();
  /** @type {Map<number, number>} */
  #stamps = new Map();
  #touched = 0;

  /** @param {number} seq @returns {number} changes whenever something is said about this number */
  stamp(seq) {
    return this.#stamps.get(seq) ?? 0;
  }

  /** @param {number} seq */
  #touch(seq) {
    this.#stamps.set(seq, ++this.#touched);
  }

  /** @param {Message} message @returns {number[]} numbers whose words must be forgotten now */
  add(message) {
    const { seq, kind, target = 0 } = message;
    if (kind === 'deleted' || kind === 'erased') return this.#destroy(message);
    if (this.#deleted.has(seq) || this.#deleted.has(target)) return [];
    if (kind === 'edit') {
      const edits = [...(this.#edits.get(target) ?? []).filter((one) => one.seq !== seq), message];
      this.#edits.set(
        target,
        edits.sort((a, b) => a.seq - b.seq),
      );
    } else if (kind === 'reaction') {
      this.#reactions.set(target, (this.#reactions.get(target) ?? new Map()).set(seq, message));
    } else return [];
    this.#touch(target);
    return [];
  }

  /** @param {Message} message @returns {number[]} */
  #destroy({ seq: at, from, target, about = {} }) {
    const targets = target ? [target] : numbers(about.targets);
    const others = numbers(about.edits ?? about.others);
    const gone = [...targets, ...others];
    for (const seq of about.was === 'reaction' ? gone : others) this.#rowless.add(seq);
    for (const seq of gone) {
      for (const [of, reactions] of this.#reactions)
        if (reactions.delete(seq)) {
          this.#rowless.add(seq);
          this.#touch(of);
        }
      this.#deleted.set(seq, { by: from, at });
      this.#edits.delete(seq);
      this.#reactions.delete(seq);
      this.#touch(seq);
    }
    return gone;
  }

  /** Forgets what was said before `first`: whoever pages back there is told again. @param {number} first */
  trim(first) {
    for (const [target, all] of this.#edits) {
      const edits = all.filter(({ seq }) => seq >= first);
      if (edits.length) this.#edits.set(target, edits);
      else this.#edits.delete(target);
    }
    for (const [target, reactions] of this.#reactions) {
      for (const seq of reactions.keys()) if (seq < first) reactions.delete(seq);
      if (!reactions.size) this.#reactions.delete(target);
    }
    for (const [seq, { at }] of this.#deleted)
      if (at < first) {
        this.#deleted.delete(seq);
        this.#rowless.delete(seq);
      }
    const known = [this.#edits, this.#reactions, this.#deleted];
    for (const seq of this.#stamps.keys())
      if (seq < first && !known.some((map) => map.has(seq))) this.#stamps.delete(seq);
  }

  /** @param {number} seq @returns {string|undefined} who deleted the message */
  deleted_by(seq) {
    return this.#deleted.get(seq)?.by;
  }

  /** Whether a destroyed number leaves nothing to show. @param {number} seq */
  is_rowless(seq) {
    return this.#rowless.has(seq);
  }

  /** What the author wrote later; nobody else can edit. @param {Message} message @returns {Message[]} ascending */
  edits({ seq, from }) {
    return (this.#edits.get(seq) ?? []).filter((edit) => edit.from === from);
  }

  /** @param {Message} message @returns {string} as it reads now */
  text(message) {
    return this.edits(message).at(-1)?.body ?? message.body;
  }

  /**
   * @param {number} seq
   * @returns {{emoji: string, by: Map<string, number>}[]} in the order they first came; `by`: the
   *   number of each person's own
   */
  reactions(seq) {
    /** @type {Map<string, Map<string, number>>} */
    const found = new Map();
    const all = [...(this.#reactions.get(seq)?.values() ?? [])].sort((a, b) => a.seq - b.seq);
    for (const { body, from, seq: own } of all)
      found.set(body, (found.get(body) ?? new Map()).set(from, own));
    return [...found].map(([emoji, by]) => ({ emoji, by }));
  }
}
