/** Dialogs as panels and menus open them: what draws them is loaded when the first is asked for. */
import { late } from './late.js';

/** @param {string} title @param {import('./dialog.form.js').Task} task */
export const ask = (title, task) =>
  late(
    () => import('./dialog.form.js'),
    (form) => form.ask(title, task),
  );

/** @param {import('./frames.js').RoomFacts} room @param {(command: any) => Promise<any>} send */
export const invite = (room, send) =>
  late(
    () => import('./invite.dialog.js'),
    (dialog) => dialog.invite(room, send),
  );

/** Words that must go are in no open dialog either. @param {number} [seq] of this message alone */
export const close_edits = (seq) =>
  /** @type {HTMLDialogElement|null} */ (
    document.querySelector(`dialog.edits${seq === undefined ? '' : `[data-seq="${seq}"]`}`)
  )?.close();
