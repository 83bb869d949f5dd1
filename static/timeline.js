/**
 * From messages to rows: grouping, day separators, runs of people who joined. Pure.
 *
 * @typedef {import('./message.js').Message} Message
 * @typedef {import('./outbox.js').Letter} Letter
 * @typedef {import('./annotations.js').Annotations} Annotations
 * @typedef {{key: string, type: 'day', time: number}} DayRow
 * @typedef {{key: string, type: 'new'}} NewRow
 * @typedef {{key: string, type: 'notice', message: Message}} NoticeRow
 * @typedef {{key: string, type: 'joined', messages: Message[]}} JoinedRow
 * @typedef {{key: string, type: 'message', message: Message, own: boolean, head: boolean}} MessageRow
 * @typedef {{key: string, type: 'letter', letter: Letter, own: true, head: boolean}} LetterRow
 * @typedef {DayRow|NewRow|NoticeRow|JoinedRow|MessageRow|LetterRow} Row
 * @typedef {object} Reading how these messages are read
 * @property {string} me user id
 * @property {Annotations} annotations
 * @property {number|null} new_after the "New" divider comes before the first message above it
 */
import { spoken } from './message.js';
import { is_notice, joined_alone } from './notices.js';

export const group_ms = 5 * 60_000;
/** So many people who joined one after the other share a line. */
const least_run = 3;

/** @param {number} time ms since 1970 @returns {string} the local day */
export function day_of(time) {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** Other kinds are about messages, or for newer clients. @param {Annotations} annotations */
export const has_row =
  (annotations) =>
  (/** @type {Message} */ { refused, seq, kind }) =>
    refused ? !annotations.is_rowless(seq) : spoken.has(kind) || is_notice(kind);

/** Edits and reactions show where they belong, unless they failed. @param {Letter} letter */
const stands_alone = ({ kind, state }) => !kind || kind === 'reply' || state === 'failed';

/**
 * @param {Message[]} messages ascending
 * @param {Letter[]} letters not yet in the log, in the order they were written
 * @param {Reading} reading
 * @returns {Row[]}
 */
export function rows(messages, letters, { me, annotations, new_after }) {
  /** @type {Row[]} */
  const list = [];
  /** @type {{from: string, time: number}|null} */
  let before = null;
  let divide = new_after !== null;
  /** @param {string} from @param {number} time whether a header is due; may add the day first */
  const begin = (from, time) => {
    const new_day = before === null || day_of(before.time) !== day_of(time);
    if (new_day) list.push({ key: `day ${day_of(time)}`, type: 'day', time });
    const head = new_day || before?.from !== from || time - before.time > group_ms;
    before = { from, time };
    return head;
  };
  for (const message of messages.filter(has_row(annotations))) {
    const { seq, from, time, refused, kind } = message;
    const own = !refused && from === me;
    if (divide && seq > Number(new_after) && !own) {
      list.push({ key: 'new', type: 'new' });
      divide = false;
      // What is new begins with a header of its own.
      before = null_author(before);
    }
    // Nobody's words: what follows them begins anew.
    if (!refused && is_notice(kind)) {
      begin(`notice ${seq}`, time);
      list.push({ key: `seq ${seq}`, type: 'notice', message });
      continue;
    }
    // Nothing of a message that does not open can be trusted, its author and time included.
    const head = !refused && begin(from, time);
    list.push({ key: `seq ${seq}`, type: 'message', message, own, head });
  }
  for (const letter of letters.filter(stands_alone)) {
    const head = begin(me, Math.max(letter.made_ms, latest_time(before)));
    list.push({ key: `mid ${letter.id}`, type: 'letter', letter, own: true, head });
  }
  return fold(list);
}

/** @param {Row[]} list @returns {Row[]} with one line for many who came one after the other */
function fold(list) {
  /** @type {Row[]} */
  const folded = [];
  /** @type {NoticeRow[]} */
  let run = [];
  const end = () => {
    const messages = run.map(({ message }) => message);
    if (run.length < least_run) folded.push(...run);
    else folded.push({ key: run[0].key, type: 'joined', messages });
    run = [];
  };
  for (const row of list) {
    if (row.type === 'notice' && joined_alone(row.message)) run.push(row);
    else {
      end();
      folded.push(row);
    }
  }
  end();
  return folded;
}

/** @param {{from: string, time: number}|null} before */
const null_author = (before) => before && { from: '', time: before.time };

/** A clock behind the server's must not open an earlier day below a later one. @param {{time: number}|null} before */
const latest_time = (before) => before?.time ?? 0;
