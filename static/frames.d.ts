/** The shapes of frames and of what they carry; for the type checker alone, never loaded. */
export type Envelope = {
  protected: string;
  encrypted_key: string;
  iv: string;
  ciphertext: string;
  tag: string;
};
export type WrappedKey = { kid: string; wrapped: string };
export type Person = { id: string; username: string; full_name: string; role?: string };
export type Role = 'member' | 'moderator' | 'owner';
export type RoomFacts = {
  id: string;
  name: string;
  kind: 'public' | 'private' | 'direct';
  topic: string;
  last_seq: number;
  read_seq: number;
  members: number;
  role: Role;
  history: 'all' | 'joined';
  archived: boolean;
  since_seq: number;
  unread: number;
  mentions: number;
  /** Days after which what is written is erased; null: never. */
  retention: number | null;
  people?: string[];
};
/** muted_until: 0 not, null without end */
export type Member = {
  id: string;
  username: string;
  full_name: string;
  role: Role;
  muted_until: number | null;
  online: boolean;
};
export type PublicRoom = {
  id: string;
  name: string;
  topic: string;
  members: number;
  joined: boolean;
};
export type Limits = {
  page: number;
  replay: number;
  body_bytes: number;
  frame_bytes: number;
  history: number;
};
export type SealedEvent = { seq: number; envelope: Envelope };
export type Welcome = {
  type: 'welcome';
  version: 1;
  connection: string;
  assets?: string;
  key: string;
  nonce: string;
  user: Person;
  rooms: RoomFacts[];
  limits: Limits;
};
export type Subscribed = {
  type: 'subscribed';
  id: string;
  room: string;
  last_seq: number;
  keys: WrappedKey[];
  members: number;
};
export type Posted = {
  type: 'posted';
  id: string;
  room: string;
  seq: number;
  time: number;
  duplicate: boolean;
};
export type EventFrame = { type: 'event'; room: string; seq: number; envelope: Envelope };
export type KeyFrame = { type: 'key'; room: string; kid: string; wrapped: string };
export type History = {
  type: 'history';
  id: string;
  room: string;
  events: SealedEvent[];
  keys: WrappedKey[];
  more: boolean;
};
export type People = { type: 'people'; id: string; people: Person[] };
export type Members = {
  type: 'members';
  id: string;
  room: string;
  members: Member[];
  more: boolean;
};
export type Done = { type: 'done'; id: string; [field: string]: any };
export type Gap = { type: 'gap'; room: string; from: number; to: number };
export type Read = { type: 'read'; room: string; seq: number; unread: number; mentions: number };
export type Typing = { type: 'typing'; room: string; user: string };
export type Presence = { type: 'presence'; room: string; online: string[] };
export type RoomFrame = { type: 'room'; room: RoomFacts };
export type Removed = { type: 'removed'; room: string; reason?: string };
export type PersonFrame = { type: 'person'; person: Person };
export type MemberCount = { type: 'member'; room: string; members: number };
export type ErrorFrame = {
  type: 'error';
  id: string | null;
  code: string;
  text: string;
  retry: boolean;
  retry_ms?: number;
};
export type Goodbye = { type: 'goodbye'; retry_ms: number };
export type Frame =
  | Welcome
  | Subscribed
  | Posted
  | EventFrame
  | KeyFrame
  | History
  | People
  | Members
  | Done
  | Gap
  | Read
  | Typing
  | Presence
  | RoomFrame
  | Removed
  | PersonFrame
  | MemberCount
  | ErrorFrame
  | Goodbye;
export type Command = { type: string; id?: string; room?: string; [field: string]: unknown };
