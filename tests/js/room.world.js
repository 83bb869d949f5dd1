import { Clock, settle } from './fakes.js';
import { Room } from '../../static/room.js';

export const sealed = (seq) => ({
  protected: String(seq),
  encrypted_key: '',
  iv: '',
  ciphertext: '',
  tag: '',
});
const event = (seq) => ({ type: 'event', room: 'general', seq, envelope: sealed(seq) });
export const opened = (seq) => ({
  header: { mid: `m${seq}`, from: 'a', time: 1000 * seq },
  content: { kind: 'text', body: `body ${seq}` },
});

/** A room whose connection and vault the test owns. */
export function set_up(facts = {}) {
  const clock = new Clock();
  const world = { clock, sent: [], live: [], caught_up: [], keys: [], connected: true, held: [] };
  world.open = async (room, seq) => opened(seq);
  world.gone = 0;
  world.on_message = () => {};
  world.reported = [];
  world.room = new Room(
    {
      id: 'general',
      name: 'general',
      kind: 'public',
      topic: '',
      last_seq: 0,
      read_seq: 0,
      members: 1,
      since_seq: 0,
      ...facts,
    },
    {
      send: (command) => world.connected && Boolean(world.sent.push(command)),
      vault: {
        open: (room, seq, envelope) => world.open(room, seq, envelope),
        keys: async (keys) => void world.keys.push(...keys),
      },
      later: clock.later,
      random: () => 0,
      on_change: () => {},
      on_message: (message, live) => {
        world.on_message(message, live);
        if (live) world.live.push(message.seq);
      },
      on_gone: () => world.gone++,
      report: (error) => world.reported.push(error.message),
      on_caught_up: (missed) => world.caught_up.push(missed),
    },
  );
  world.last = () => world.sent.at(-1);
  world.subscribed = (last_seq) =>
    world.room.receive({
      type: 'subscribed',
      id: world.last().id,
      room: 'general',
      last_seq,
      keys: [{ kid: 'general.1', wrapped: 'w' }],
      members: 3,
    });
  world.events = async (from, to) => {
    for (let seq = from; seq <= to; seq++) world.room.receive(event(seq));
    await settle();
  };
  world.seqs = () => world.room.log.messages.map(({ seq }) => seq);
  return world;
}

export const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
