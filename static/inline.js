/**
 * One paragraph as a tree: bold, italic, struck, code, links, people called by name. Pure, in time
 * that grows with the length alone: nothing is looked at again more than a few times.
 *
 * @typedef {{type: 'bold'|'italic'|'strike', children: Inline[]}} Stressed
 * @typedef {{type: 'code', text: string}} Code
 * @typedef {{type: 'link', href: string, children: Inline[], typed: boolean, real: string}} Link
 *   typed: the words are the address itself; real: an address to be shown beside them, or ''
 * @typedef {{type: 'call', text: string}} Call
 * @typedef {string|Stressed|Code|Link|Call} Inline
 * @typedef {{steps: number}} Effort how much was looked at, in characters and turns
 * @typedef {{mark: string, children: Inline[]}} Frame a marker that may yet be closed, and what follows it
 */
import { link_to, may_name, real_address, without_trailing } from './links.js';

/** So many markers wait for their end at once: what is open longest is given up first. */
const most_open = 8;
/** @type {Record<string, Stressed['type']>} */
const kinds = { '**': 'bold', '*': 'italic', _: 'italic', '~~': 'strike' };
/** Which markers a run of signs can be. @type {Record<string, string[]>} */
const runs = { '*': ['*'], '**': ['**'], '***': ['**', '*'], _: ['_'], '~~': ['~~'] };
const word = /[\p{L}\p{N}]/u;
/** Written without spaces between words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

/** @param {string} sign */
const in_word = (sign) => word.test(sign) && !unspaced.test(sign);

/** @param {Inline[]} children @param {Inline} node */
function add(children, node) {
  const last = children.length - 1;
  if (node === '') return;
  if (typeof node === 'string' && typeof children[last] === 'string') children[last] += node;
  else children.push(node);
}

/** @param {Inline[]} nodes @returns {string} what is to be read */
export const words_of = (nodes) =>
  nodes
    .map((node) => {
      if (typeof node === 'string') return node;
      if ('text' in node) return node.text;
      const words = words_of(node.children);
      return node.type === 'link' && node.real ? `${words} (${node.real})` : words;
    })
    .join('');

/** Where each run of backticks finds its like; runs of one or two only in their own line.
 * @param {string} text @returns {Map<number, number>} */
function code_ends(text) {
  const found = [...text.matchAll(/`+|\n/g)].reverse();
  /** @type {Map<number, number>} */
  const ends = new Map();
  /** By length. @type {Map<number, number>} */
  const next = new Map();
  for (const { 0: run, index = 0 } of found) {
    if (run === '\n') [1, 2].forEach((length) => next.delete(length));
    else {
      const end = next.get(run.length);
      if (end !== undefined) ends.set(index, end);
      next.set(run.length, index);
    }
  }
  return ends;
}

class Paragraph {
  #text;
  #links;
  #effort;
  #at = 0;
  /** @type {Frame[]} */
  #frames = [{ mark: '', children: [] }];
  #code_ends;
  /** Where such signs come next, so that each is looked for once. @type {Record<string, number>} */
  #next = { '](': -1, '[': -1 };

  /** @param {string} text @param {boolean} links @param {Effort} effort */
  constructor(text, links, effort) {
    this.#text = text;
    this.#links = links;
    this.#effort = effort;
    this.#code_ends = code_ends(text);
  }

  /** @returns {Inline[]} */
  read() {
    const sign = /([*_~`])\1*|[[@\n]|https?:\/\/|mailto:/giu;
    let found;
    while ((sign.lastIndex = this.#at) < this.#text.length && (found = sign.exec(this.#text))) {
      this.#effort.steps += found.index - this.#at + found[0].length;
      this.#say(this.#text.slice(this.#at, found.index));
      this.#at = found.index;
      const length = this.#take(found[0]);
      // What leads to nothing stays as it was typed.
      if (!length) this.#say(found[0]);
      this.#at += length || found[0].length;
    }
    this.#say(this.#text.slice(this.#at));
    this.#give_up(this.#frames.length - 1);
    return this.#frames[0].children;
  }

  /** @param {string} sign @returns {number} how many characters were taken; 0: it means nothing */
  #take(sign) {
    if (sign[0] === '`') return this.#code(sign.length);
    if (sign === '\n') return this.#line_break();
    if (runs[sign]) return this.#stress(sign);
    if (!this.#links) return 0;
    if (sign === '[') return this.#named_link();
    if (sign === '@') return this.#call();
    return sign.length > 3 && sign.includes(':') ? this.#address() : 0;
  }

  /** @param {Inline} node */
  #say(node) {
    add(this.#frames[this.#frames.length - 1].children, node);
  }

  /** The character that ends before `at`. @param {number} at */
  #before(at) {
    const last = this.#text.charCodeAt(at - 1);
    return this.#text.slice(last >= 0xdc00 && last <= 0xdfff ? at - 2 : at - 1, at);
  }

  /** @param {number} at @returns {string} '' at the end */
  #after(at) {
    return at < this.#text.length ? String.fromCodePoint(Number(this.#text.codePointAt(at))) : '';
  }

  /** @param {string} run @returns {number} */
  #stress(run) {
    const before = this.#at ? this.#before(this.#at) : '';
    const after = this.#after(this.#at + run.length);
    const opens = after.trim() !== '' && !in_word(before);
    const closes = before.trim() !== '' && !in_word(after);
    let marks = runs[run];
    while (closes && marks.length) {
      let at = this.#frames.length - 1;
      while (at > 0 && !marks.includes(this.#frames[at].mark)) at--;
      if (!at) break;
      const { mark } = this.#frames[at];
      marks = marks.filter((one) => one !== mark);
      this.#give_up(this.#frames.length - 1 - at);
      const { children } = /** @type {Frame} */ (this.#frames.pop());
      this.#say({ type: kinds[mark], children });
    }
    for (const mark of marks) {
      if (opens) this.#open(mark);
      else this.#say(mark);
    }
    return run.length;
  }

  /** @param {string} mark */
  #open(mark) {
    if (this.#frames.length > most_open) {
      const [{ mark: oldest, children }] = this.#frames.splice(1, 1);
      for (const node of [oldest, ...children]) add(this.#frames[0].children, node);
    }
    this.#frames.push({ mark, children: [] });
  }

  /** The innermost so many markers stay as they were typed. @param {number} count */
  #give_up(count) {
    for (; count > 0; count--) {
      const { mark, children } = /** @type {Frame} */ (this.#frames.pop());
      this.#effort.steps += children.length;
      this.#say(mark);
      for (const node of children) this.#say(node);
    }
  }

  /** Nothing is stressed beyond an empty line. @returns {number} */
  #line_break() {
    const empty = /\n[^\S\n]*(?=\n)/y;
    empty.lastIndex = this.#at;
    const [found = ''] = empty.exec(this.#text) ?? [];
    this.#effort.steps += found.length;
    if (found) this.#give_up(this.#frames.length - 1);
    this.#say(found);
    return found.length;
  }

  /** @param {number} length of the run of backticks @returns {number} */
  #code(length) {
    const end = this.#code_ends.get(this.#at);
    if (end === undefined) return 0;
    const inside = this.#text.slice(this.#at + length, end);
    if (inside.trim() === '') return 0;
    const padded = /^\s/.test(inside) && /\s$/.test(inside);
    this.#say({ type: 'code', text: padded ? inside.slice(1, -1) : inside });
    this.#effort.steps += inside.length;
    return end + length - this.#at;
  }

  /** @param {string} what @param {number} from */
  #find(what, from) {
    if (this.#next[what] < from) {
      const at = this.#text.indexOf(what, from);
      this.#next[what] = at < 0 ? Infinity : at;
      this.#effort.steps += (at < 0 ? this.#text.length : at) - from;
    }
    return this.#next[what];
  }

  /** `[words](address)`; the address holds at most one pair of brackets in another. @returns {number} */
  #named_link() {
    const end = this.#find('](', this.#at);
    if (end === Infinity || this.#find('[', this.#at + 1) < end) return 0;
    const rest = /([^\s()]*(?:\([^\s()]*\)[^\s()]*)?)\)/y;
    rest.lastIndex = end + 2;
    const [all = '', address = ''] = rest.exec(this.#text) ?? [];
    const label = this.#text.slice(this.#at + 1, end);
    this.#effort.steps += label.length + all.length;
    const url = link_to(address);
    if (!url || /\n\s*\n/.test(label) || !may_name(label)) return 0;
    const children = inline(label, { links: false, effort: this.#effort });
    const real = real_address(url, words_of(children), false);
    this.#say({ type: 'link', href: url.href, children, typed: false, real });
    return end + 2 + all.length - this.#at;
  }

  /** An address as it is. @returns {number} */
  #address() {
    const whole = /[^\s<>"`]+/y;
    whole.lastIndex = this.#at;
    const [run = ''] = whole.exec(this.#text) ?? [];
    this.#effort.steps += run.length;
    const typed = without_trailing(run);
    const url = this.#at && in_word(this.#before(this.#at)) ? null : link_to(typed);
    if (!url) {
      // The whole of it, so that no part is tried again.
      this.#say(run);
      return run.length;
    }
    const real = real_address(url, typed, true);
    this.#say({ type: 'link', href: url.href, children: [typed], typed: true, real });
    return typed.length;
  }

  /** @returns {number} */
  #call() {
    const name = /(?<![\w@.-])@[A-Za-z0-9_.-]{3,32}/y;
    name.lastIndex = this.#at;
    const [found = ''] = name.exec(this.#text) ?? [];
    const bare = found.replace(/[.\-_]+$/, '');
    // A name may end so; usually a sentence does.
    if (bare.length < 4) return 0;
    this.#say({ type: 'call', text: bare });
    return bare.length;
  }
}

/**
 * @param {string} text
 * @param {object} [options]
 * @param {boolean} [options.links] whether links and names are looked for
 * @param {Effort} [options.effort]
 * @returns {Inline[]}
 */
export const inline = (text, { links = true, effort = { steps: 0 } } = {}) =>
  new Paragraph(text, links, effort).read();
