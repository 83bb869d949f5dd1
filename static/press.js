/** A finger that stays: on a message it asks for the message's menu. */
const long_ms = 450;
const most_px = 10;

/** The finger that is down, from its long press until it is lifted. @type {number|null} */
let held = null;

/**
 * Lifting the finger that opened something must not close it as a touch outside: it is made to end
 * inside.
 * @param {Element} opened
 */
export function keep_open(opened) {
  if (held !== null) opened.setPointerCapture(held);
}

/**
 * @param {HTMLElement} area
 * @param {(target: Element) => boolean} act false: nothing to be had there
 */
export function on_long_press(area, act) {
  /** @type {any} */
  let timer = null;
  let at = { x: 0, y: 0 };
  let acted = false;
  const end = () => {
    clearTimeout(timer);
    held = null;
  };
  area.addEventListener('pointerdown', (event) => {
    const { clientX: x, clientY: y, pointerId, pointerType, isPrimary } = event;
    end();
    acted = false;
    if (pointerType !== 'touch' || !isPrimary) return;
    at = { x, y };
    timer = setTimeout(() => {
      held = pointerId;
      acted = act(/** @type {Element} */ (event.target));
    }, long_ms);
  });
  area.addEventListener('pointermove', ({ clientX, clientY }) => {
    if (Math.hypot(clientX - at.x, clientY - at.y) > most_px) clearTimeout(timer);
  });
  for (const type of ['pointerup', 'pointercancel']) document.addEventListener(type, end);
  area.addEventListener('scroll', () => clearTimeout(timer), { passive: true });
  // Instead of the browser's own menu and its selection of a word.
  area.addEventListener('contextmenu', (event) => acted && event.preventDefault());
}
