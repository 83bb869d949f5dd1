import { Clock, FakeSocket, settle } from './fakes.js';
import { Connection } from '../../static/connection.js';

/** What the server of these tests says of itself. */
export const welcome = {
  type: 'welcome',
  version: 1,
  connection: 'c',
  key: 'K',
  nonce: 'N',
  user: { id: '1', username: 'ada', full_name: 'Ada' },
  rooms: [],
  limits: {},
};

/** A connection in a world that the test owns. */
export function set_up({ random = () => 0.5 } = {}) {
  const clock = new Clock();
  const world = {
    clock,
    sockets: [],
    states: [],
    frames: [],
    welcomes: 0,
    session: { status: 204, retry_after_ms: null },
    asked: 0,
    offline: false,
    hidden: false,
    complaints: [],
  };
  const around = {
    open: () => world.sockets[world.sockets.push(new FakeSocket()) - 1],
    session: async () => {
      world.asked++;
      if (world.session instanceof Error) throw world.session;
      return world.session;
    },
    offer: async () => ({ key: 'k', nonce: 'n' }),
    agree: async () => {},
    now: clock.now,
    later: clock.later,
    cancel: clock.cancel,
    random,
    offline: () => world.offline,
    hidden: () => world.hidden,
  };
  world.connection = new Connection(around, {
    on_state: (state) => world.states.push(state.name),
    on_welcome: () => world.welcomes++,
    on_frame: (frame) => world.frames.push(frame.type),
    on_complaint: (text) => world.complaints.push(text),
  });
  world.socket = () => world.sockets.at(-1);
  world.greet = async () => {
    world.socket().open();
    await settle();
    world.socket().say(welcome);
    await settle();
  };
  world.name = () => world.connection.state.name;
  return world;
}
