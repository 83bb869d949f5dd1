/**
 * What tells of messages while nobody looks is loaded when nobody does, or the page has come to
 * rest; what happens before waits for it.
 *
 * @typedef {import('./alerts.js').Alerts} Alerts
 * @typedef {import('./alerts.js').AlertPorts} AlertPorts
 * @typedef {Omit<AlertPorts, 'looking'|'show'|'close'|'close_all'> & {me: {id: string, username: string},
 *   on_open: (address: string) => void}} LookoutPorts `address` of a message: a hash
 */
import { part } from './late.js';
import { at_rest } from './rest.js';
import { looking } from './wake.js';

const load = () =>
  Promise.all([import('./alerts.js'), import('./alerts.view.js'), import('./mark.view.js')]);

export class Lookout {
  #ports;
  /** @type {Alerts|null} */
  #alerts = null;
  /** What they missed, in order. @type {((alerts: Alerts) => void)[]} */
  #missed = [];
  #unread = 0;
  /** @type {(unread: number) => void} */
  #draw_mark = () => {};

  /** @param {LookoutPorts} ports */
  constructor(ports) {
    this.#ports = ports;
    const away = () => !looking() && this.#come();
    addEventListener('blur', away);
    document.addEventListener('visibilitychange', away);
    away();
    at_rest(() => this.#come());
  }

  async #come() {
    if (this.#alerts) return;
    // Where that fails, whatever comes next tries again.
    const loaded = await part(load).catch(() => null);
    if (!loaded || this.#alerts) return;
    const [{ Alerts }, { AlertsView }, { draw_mark }] = loaded;
    const { me, on_open, ...others } = this.#ports;
    const view = new AlertsView({ me: me.id, on_open });
    this.#alerts = new Alerts({
      ...{ ...others, me, looking },
      show: (alert) => void view.show(alert),
      close: (room) => void view.close(room),
      close_all: () => void view.close_all(),
    });
    for (const tell of this.#missed.splice(0)) tell(this.#alerts);
    this.#draw_mark = draw_mark;
    draw_mark(this.#unread);
  }

  /** @param {(alerts: Alerts) => void} tell */
  #tell(tell) {
    if (this.#alerts) return tell(this.#alerts);
    this.#missed.push(tell);
    if (!looking()) this.#come();
    return undefined;
  }

  /** A room that the page follows from now on. @param {import('./frames.js').RoomFacts} facts */
  follow({ id, last_seq }) {
    this.#tell((alerts) => alerts.follow({ id, last_seq }));
  }

  /** @param {import('./rooms.js').Place} place @param {import('./message.js').Message} message */
  arrived(place, message) {
    // What was seen to arrive needs no telling; an edit or a deletion concerns what came before.
    if (!this.#alerts && looking() && !['deleted', 'edit'].includes(message.kind)) return;
    this.#tell((alerts) => alerts.arrived(place, message));
  }

  /** @param {string} room @param {number} seq */
  read(room, seq) {
    this.#tell((alerts) => alerts.read(room, seq));
  }

  /** @param {string} room */
  close(room) {
    this.#tell((alerts) => alerts.close(room));
  }

  /** Whoever was told is here no more: the session has ended. */
  close_all() {
    this.#tell((alerts) => alerts.close_all());
  }

  /** @param {number} unread messages, in all rooms */
  mark(unread) {
    this.#unread = unread;
    this.#draw_mark(unread);
  }
}
