/** One calm offer of notifications, after the first message that somebody writes here. */
import { make } from './nodes.js';
import { may_be_offered, switch_on } from './permission.js';
import { t } from './texts.js';

/** @typedef {import('./preferences.js').Preferences} Preferences */

/**
 * @param {HTMLElement} place where it stands until it is answered
 * @param {Preferences} preferences
 * @param {{announce: (text: string) => void, on_answer: () => void}} ports
 */
export function offer(place, preferences, { announce, on_answer }) {
  if (!place.hidden || !may_be_offered(preferences)) return;
  /** @param {string} text */
  const end = (text) => {
    place.hidden = true;
    announce(text);
    on_answer();
  };
  const yes = make('button', { type: 'button', class: 'quiet' }, t('alerts.switch_on'));
  yes.addEventListener('click', async () => {
    end(t((await switch_on(preferences)) ? 'alerts.on' : 'alerts.denied'));
  });
  const no = make('button', { type: 'button', class: 'quiet' }, t('alerts.no'));
  no.addEventListener('click', () => {
    preferences.choose({ offered: true });
    end('');
  });
  place.replaceChildren(make('span', {}, t('alerts.offer')), yes, no);
  place.hidden = false;
  announce(t('alerts.offer'));
}
