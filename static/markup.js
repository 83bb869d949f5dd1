/**
 * What somebody wrote, as a tree: paragraphs, quotes, lists and code; never more, whatever is
 * written, and never an error. What is no markup stays as it was typed. Pure, in time that grows
 * with the length alone: a line is read once for each quote or list that it is in, at most
 * `most_deep` times.
 *
 * @typedef {import('./inline.js').Inline} Inline
 * @typedef {{type: 'paragraph', children: Inline[]}} ParagraphBlock
 * @typedef {{type: 'fence', language: string, text: string}} Fence
 * @typedef {{type: 'quote', children: Block[]}} Quote
 * @typedef {{type: 'list', ordered: boolean, items: {number: number, children: Block[]}[]}} List
 * @typedef {ParagraphBlock|Fence|Quote|List} Block
 * @typedef {import('./inline.js').Effort} Effort
 * @typedef {{node: Block, next: number}} Found and the line behind it
 */
import { inline, words_of } from './inline.js';

/** Quotes and lists in each other. */
export const most_deep = 4;
const item_start = /^( {0,3})(?:-|(\d{1,9})\.) +(?=\S)/;
const quoted = /^>(?: |$|(?=>))/;

/** @param {string} line */
const is_blank = (line) => line.trim() === '';

/** @param {string} line */
const indent = (line) => line.length - line.trimStart().length;

class Blocks {
  #lines;
  #deep;
  #effort;
  /** Fences of so many backticks or more have no end. */
  #endless = Infinity;

  /** @param {string[]} lines @param {number} deep @param {Effort} effort */
  constructor(lines, deep, effort) {
    this.#lines = lines;
    this.#deep = deep;
    this.#effort = effort;
  }

  /** @returns {Block[]} */
  read() {
    /** @type {Block[]} */
    const found = [];
    /** @type {string[]} */
    let words = [];
    const end = () => {
      const text = trim_lines(words).join('\n');
      words = [];
      if (text) found.push({ type: 'paragraph', children: inline(text, { effort: this.#effort }) });
    };
    for (let at = 0; at < this.#lines.length; ) {
      this.#effort.steps++;
      const block = this.#fence(at) ?? this.#quote(at) ?? this.#list(at);
      if (block) {
        end();
        found.push(block.node);
      } else words.push(this.#lines[at]);
      at = block ? block.next : at + 1;
    }
    end();
    return found;
  }

  /** @param {string[]} lines within a quote or an item @returns {Block[]} */
  #within(lines) {
    return new Blocks(lines, this.#deep + 1, this.#effort).read();
  }

  /** @param {number} at @returns {Found|null} */
  #fence(at) {
    const [, run = '', rest = ''] = /^ {0,3}(`{3,6})(?!`)([^]*)$/.exec(this.#lines[at]) ?? [];
    const language = rest.trim();
    if (!run || run.length >= this.#endless || !/^[\w+#.-]{0,20}$/.test(language)) return null;
    for (let end = at + 1; end < this.#lines.length; end++) {
      this.#effort.steps++;
      const line = this.#lines[end];
      if (!/^ {0,3}`{3,}\s*$/.test(line) || line.trim().length < run.length) continue;
      const text = this.#lines.slice(at + 1, end).join('\n');
      return text.trim() ? { node: { type: 'fence', language, text }, next: end + 1 } : null;
    }
    this.#endless = run.length;
    return null;
  }

  /** @param {number} at @returns {Found|null} */
  #quote(at) {
    const first = this.#lines[at];
    if (this.#deep >= most_deep || !quoted.test(first) || is_blank(first.slice(1))) return null;
    let next = at;
    while (next < this.#lines.length && quoted.test(this.#lines[next])) next++;
    this.#effort.steps += next - at;
    const lines = this.#lines.slice(at, next).map((line) => line.replace(/^> ?/, ''));
    return { node: { type: 'quote', children: this.#within(lines) }, next };
  }

  /** @param {number} at @returns {Found|null} */
  #list(at) {
    const first = this.#deep < most_deep && item_start.exec(this.#lines[at]);
    if (!first) return null;
    const ordered = first[2] !== undefined;
    /** @type {List['items']} */
    const items = [];
    let next = at;
    for (let item; (item = this.#item(next, ordered, first[1].length)); next = item.next) {
      // Whoever writes the same number again and again wants them counted.
      const same = ordered && item.number === items[0]?.number;
      const number = item.number + (same ? items.length : 0);
      items.push({ number, children: this.#within(item.lines) });
    }
    return { node: { type: 'list', ordered, items }, next };
  }

  /**
   * One item with the lines that belong to it: those that are indented, also behind empty ones.
   * @param {number} at may be an empty line
   * @param {boolean} ordered
   * @param {number} base indentation of the list
   */
  #item(at, ordered, base) {
    const start = this.#skip_blank(at);
    const found = item_start.exec(this.#lines[start] ?? '');
    if (!found || (found[2] !== undefined) !== ordered) return null;
    const lines = [this.#lines[start].slice(found[0].length)];
    let next = start + 1;
    for (;;) {
      const full = this.#skip_blank(next);
      if (full >= this.#lines.length || indent(this.#lines[full]) < base + 2) break;
      for (; next <= full; next++) lines.push(dedent(this.#lines[next], found[0].length));
    }
    return { number: Number(found[2] ?? 0), lines, next };
  }

  /** @param {number} at @returns {number} */
  #skip_blank(at) {
    let next = at;
    while (next < this.#lines.length && is_blank(this.#lines[next])) next++;
    this.#effort.steps += next - at + 1;
    return next;
  }
}

/** @param {string} line @param {number} most */
const dedent = (line, most) =>
  line.startsWith('\t') ? line.slice(1) : line.slice(Math.min(most, indent(line)));

/** @param {string[]} lines @returns {string[]} without empty ones at either end */
function trim_lines(lines) {
  let start = 0;
  let end = lines.length;
  while (start < end && is_blank(lines[start])) start++;
  while (end > start && is_blank(lines[end - 1])) end--;
  return lines.slice(start, end);
}

/**
 * @param {string} text
 * @param {Effort} [effort] counts what was looked at
 * @returns {Block[]}
 */
export const parse = (text, effort = { steps: 0 }) =>
  new Blocks(text.split(/\r?\n/), 0, effort).read();

/** @param {Block[]} blocks @returns {string} */
export const words_in = (blocks) => blocks.map(words_of_block).join('\n');

/** @param {Block} block @returns {string} */
function words_of_block(block) {
  if (block.type === 'paragraph') return words_of(block.children);
  if (block.type === 'fence') return block.text;
  if (block.type === 'quote') return `“${words_in(block.children)}”`;
  const mark = (/** @type {number} */ number) => (block.ordered ? `${number}.` : '•');
  return block.items
    .map(({ number, children }) => `${mark(number)} ${words_in(children)}`)
    .join('\n');
}

/** Where only text can stand, as in notifications. @param {string} text @returns {string} without the markers */
export const plain = (text) => words_in(parse(text));
