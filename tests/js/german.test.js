// The pure parts on a page in German; every test file is a process of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.document = { documentElement: { lang: 'de' } };
const { listed, locale, t } = await import('../../static/texts.js');
const { words } = await import('../../static/banner.js');
const { measure } = await import('../../static/body.js');
const { sentence } = await import('../../static/notices.js');
const { learn, reason_of } = await import('../../static/refusals.js');
const { Rooms } = await import('../../static/rooms.js');
const { clock, day_name, full } = await import('../../static/times.js');

const now = new Date(2026, 10, 28, 9, 5).getTime();
const day_ms = 86_400_000;

test('texts, plurals and numbers are German', () => {
  assert.equal(t('room.members', { n: 1 }), '1 Mitglied');
  assert.equal(t('room.members', { n: 1200 }), '1.200 Mitglieder');
  assert.equal(measure('x'.repeat(101), 100).sentence.slice(0, 15), '1 Byte zu lang.');
  assert.equal(words({ name: 'ended' }, 0, null).text.slice(0, 24), 'Deine Sitzung ist zu End');
});

test('dates are German, the clock has 24 hours, and names are listed with "und"', () => {
  assert.equal(locale, 'de');
  assert.deepEqual([day_name(now, now), day_name(now - day_ms, now)], ['Heute', 'Gestern']);
  assert.equal(day_name(now - 7 * day_ms, now), 'Samstag, 21. November');
  assert.equal(clock(now), '09:05');
  assert.match(full(now), /^Samstag, 28\. November 2026/);
  assert.equal(listed(['Ada', 'Grace', 'Lin']), 'Ada, Grace und Lin');
});

test('names are sorted as German readers look for them', () => {
  const make = (facts) => ({ room: { facts }, tally: { start: () => {} } });
  const rooms = new Rooms({ make, on_gone: () => {} });
  for (const name of ['Zoo', 'Ärger', 'Arena'])
    rooms.learn({ id: name, name, kind: 'public', members: 1 });
  const [{ name, places }] = rooms.groups((facts) => facts.name);
  assert.equal(name, 'Räume');
  const sorted = places.map(({ room }) => room.facts.name);
  assert.deepEqual(sorted, ['Arena', 'Ärger', 'Zoo']);
});

test('what happened is told in German, whatever order its words have', () => {
  const left = { kind: 'unmuted', from: 'ada', about: { user: 'eve' } };
  const told = sentence(left, (id) => id);
  assert.equal(told, 'ada hat die Stummschaltung von eve aufgehoben.');
});

test('a refusal is German where the catalogue knows its sentence, else as the server wrote it', async () => {
  await learn();
  const muted = { code: 'forbidden', text: 'You are muted in this room.' };
  assert.equal(reason_of(muted), 'Du bist in diesem Raum stummgeschaltet.');
  const fast = { code: 'rate_limited', text: 'Too much at once (posts).', retry_ms: 1800 };
  assert.equal(reason_of(fast), 'Zu viel auf einmal. Versuch es in 2 Sekunden noch einmal.');
  const unknown = { code: 'bad_command', text: 'limit is a whole number from 1 to 200.' };
  assert.equal(reason_of(unknown), unknown.text);
});
