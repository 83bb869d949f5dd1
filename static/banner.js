/**
 * What the banner says about the connection. Pure.
 *
 * @typedef {import('./connection.js').State} State
 * @typedef {{text: string, lasting?: string, action: 'none'|'retry'|'login'|'reload',
 *   tone: 'calm'|'warn'|'good'}} Words `lasting`: what of it holds while the rest counts down
 */

import { t } from './texts.js';

/** A first connect that takes less is not worth a word. */
export const silent_ms = 1000;
export const caught_up_ms = 3000;
export const complaint_ms = 8000;

const reasons = {
  lost: t('banner.lost'),
  restarting: t('banner.restarting'),
  busy: t('banner.busy'),
};

/** @param {number} missed @returns {string} */
function back(missed) {
  return missed > 0 ? t('banner.caught_up', { n: missed }) : t('banner.back');
}

/**
 * @param {State} state
 * @param {number} now ms
 * @param {{missed: number, until_ms: number}|null} caught_up
 * @param {{text: string, until_ms: number}|null} [complaint] what the server has against us
 * @param {boolean} [outdated] whether the server has a newer page than this
 * @returns {Words|null} null: nothing to say
 */
export function words(state, now, caught_up, complaint = null, outdated = false) {
  const against = complaint && now < complaint.until_ms ? complaint.text : '';
  switch (state.name) {
    case 'connecting':
      if (!state.again && now - state.since_ms < silent_ms) return null;
      return {
        text: state.again ? t('banner.reconnecting') : t('banner.connecting'),
        action: state.asking && now - state.since_ms >= silent_ms ? 'retry' : 'none',
        tone: 'calm',
      };
    case 'waiting': {
      const seconds = Math.max(1, Math.ceil((state.until_ms - now) / 1000));
      const lasting = against || reasons[state.reason];
      const text = `${lasting} ${t('banner.next_try', { n: seconds })}`;
      return { text, lasting, action: 'retry', tone: 'warn' };
    }
    case 'offline':
      return { text: t('banner.offline'), action: 'none', tone: 'warn' };
    case 'ended':
      return { text: t('banner.ended'), action: 'login', tone: 'warn' };
    case 'stopped': {
      const text = `${t('banner.stopped')} ${state.text}`.trim();
      return { text, action: 'reload', tone: 'warn' };
    }
    case 'open':
      if (against) return { text: against, action: 'none', tone: 'warn' };
      if (caught_up && now < caught_up.until_ms)
        return { text: back(caught_up.missed), action: 'none', tone: 'good' };
      return outdated ? { text: t('banner.outdated'), action: 'reload', tone: 'calm' } : null;
    default:
      return null;
  }
}
