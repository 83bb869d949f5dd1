/**
 * The one row of the timeline that Tab reaches, and the way from row to row.
 */

/**
 * @param {import('./keys.js').Deed} deed
 * @param {number} at index of the row that has the focus, or -1: below all of them
 * @param {number} count
 * @returns {number|null} index of the row to go to; null: nowhere, there is none further
 */
export function step(deed, at, count) {
  const from = at < 0 ? count : at;
  /** @type {Partial<Record<import('./keys.js').Deed, number>>} */
  const ways = { up: from - 1, down: from + 1, first: 0, last: count - 1 };
  const to = ways[deed] ?? -1;
  return to >= 0 && to < count ? to : null;
}

export class Roving {
  #scroller;
  #list;
  #label_of;
  /** Number of the message whose row has the tab stop. */
  #seq = '';

  /**
   * @param {HTMLElement} scroller what holds the list and scrolls
   * @param {HTMLElement} list
   * @param {(seq: number) => string} label_of what a screen reader says of this message: in the
   *   middle of a group its row does not tell whose it is
   */
  constructor(scroller, list, label_of) {
    this.#scroller = scroller;
    this.#list = list;
    this.#label_of = label_of;
    list.addEventListener('focusin', ({ target }) => this.#take(this.row_of(target)));
    // Whoever comes in by Tab stays where they were reading.
    scroller.addEventListener('scrollend', () => !this.#inside && this.#take(this.#in_sight()));
  }

  /** @returns {HTMLElement[]} */
  get #rows() {
    return [...this.#list.querySelectorAll(':scope > li[tabindex]')].map(
      (row) => /** @type {HTMLElement} */ (row),
    );
  }

  get #inside() {
    return this.#scroller.contains(document.activeElement);
  }

  /** @param {EventTarget|null} target @returns {HTMLElement|null} the row around it */
  row_of(target) {
    return /** @type {Element} */ (target).closest('#rows > li[tabindex]');
  }

  /** The list was drawn. @param {boolean} following the reader is at the end */
  settle(following) {
    const rows = this.#rows;
    const kept = rows.find(({ dataset }) => dataset.seq === this.#seq);
    const last = rows.at(-1) ?? null;
    this.#take(following && !this.#inside ? last : (kept ?? last));
    this.#scroller.tabIndex = rows.length ? -1 : 0;
  }

  #in_sight() {
    const { scrollTop, clientHeight } = this.#scroller;
    const end = scrollTop + clientHeight + 1;
    const rows = this.#rows;
    const seen = rows.filter(({ offsetTop, offsetHeight }) => offsetTop + offsetHeight <= end);
    return seen.at(-1) ?? rows[0] ?? null;
  }

  /** @param {HTMLElement|null} row */
  #take(row) {
    if (!row) return;
    for (const other of this.#list.querySelectorAll(':scope > li[tabindex="0"]')) {
      if (other === row) continue;
      other.setAttribute('tabindex', '-1');
      other.removeAttribute('aria-label');
    }
    const { seq = '' } = row.dataset;
    this.#seq = seq;
    const label = this.#label_of(Number(seq));
    if (row.getAttribute('aria-label') !== label) row.setAttribute('aria-label', label);
    if (row.tabIndex !== 0) row.tabIndex = 0;
  }

  /** @param {import('./keys.js').Deed} deed @param {EventTarget|null} from @returns {boolean} whether there was a way */
  move(deed, from) {
    const rows = this.#rows;
    const at = rows.findIndex((row) => row === this.row_of(from));
    const to = step(deed, at, rows.length);
    if (to === null) return false;
    rows[to].focus();
    return true;
  }
}
