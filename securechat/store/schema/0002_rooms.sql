-- Rooms that people make, who may do what in them, and what is kept for each reader.
--
-- A statement that adds a column is passed over where the column is there already: MariaDB has no
-- way to take it back with the step that was broken off.

-- all: newcomers may read everything; joined: only what follows their joining
ALTER TABLE rooms ADD COLUMN history CHARS(16) NOT NULL DEFAULT 'all';
-- 1: read-only
ALTER TABLE rooms ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;

-- What finds public rooms walks no private or direct one.
CREATE INDEX IF NOT EXISTS rooms_by_kind ON rooms (kind, archived, id);

-- until when the person may not post here: 0 not muted, -1 without end, else ms since 1970
ALTER TABLE memberships ADD COLUMN muted_until_ms INTEGER NOT NULL DEFAULT 0;

-- grows by one with every change of the person's memberships or roles
ALTER TABLE users ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- Who may not come (back) into a room.
CREATE TABLE IF NOT EXISTS bans (
    room_id CHARS(32) NOT NULL,
    user_id CHARS(32) NOT NULL,
    -- who banned
    author_id CHARS(32) NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id),
    CONSTRAINT bans_room FOREIGN KEY (room_id) REFERENCES rooms (id),
    CONSTRAINT bans_user FOREIGN KEY (user_id) REFERENCES users (id)
) WITH_OPTIONS;

-- How long those who have left were muted: who comes back is as muted as before.
CREATE TABLE IF NOT EXISTS mutes (
    room_id CHARS(32) NOT NULL,
    user_id CHARS(32) NOT NULL,
    -- as in memberships
    muted_until_ms INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id),
    CONSTRAINT mutes_room FOREIGN KEY (room_id) REFERENCES rooms (id),
    CONSTRAINT mutes_user FOREIGN KEY (user_id) REFERENCES users (id)
) WITH_OPTIONS;

-- Links that let their holder into a room.
CREATE TABLE IF NOT EXISTS invites (
    -- SHA-256 of the token in the link, 32 bytes; the token itself is nowhere
    digest BYTES(32) NOT NULL PRIMARY KEY,
    room_id CHARS(32) NOT NULL,
    -- who invited
    author_id CHARS(32) NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    -- how many people may still come in with it
    uses_left INTEGER NOT NULL,
    CONSTRAINT invites_by_room UNIQUE (room_id, digest),
    CONSTRAINT invites_room FOREIGN KEY (room_id) REFERENCES rooms (id)
) WITH_OPTIONS;

-- One-time links with which somebody may set a new password; at most one a person.
CREATE TABLE IF NOT EXISTS resets (
    user_id CHARS(32) NOT NULL PRIMARY KEY,
    -- SHA-256 of the token in the link, 32 bytes
    digest BYTES(32) NOT NULL,
    expires_ms INTEGER NOT NULL,
    CONSTRAINT resets_user FOREIGN KEY (user_id) REFERENCES users (id)
) WITH_OPTIONS;

-- Events that are about another event or about the room: all but texts and replies. It finds the
-- edits of a message and keeps them out of the count of unread messages; what an event says is
-- sealed in the event alone.
CREATE TABLE IF NOT EXISTS annotations (
    room_id CHARS(32) NOT NULL,
    -- the number of the event
    seq INTEGER NOT NULL,
    -- edit, reaction, deleted, joined …
    kind CHARS(16) NOT NULL,
    -- the number of the event that it is about; NULL: it is about the room or its people
    target INTEGER,
    PRIMARY KEY (room_id, seq),
    -- by kind first: who looks for the edits of a message walks none of its reactions
    CONSTRAINT annotations_by_target UNIQUE (room_id, target, kind, seq)
) WITH_OPTIONS;

-- Who is called by name in which message.
CREATE TABLE IF NOT EXISTS mentions (
    user_id CHARS(32) NOT NULL,
    room_id CHARS(32) NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (user_id, room_id, seq),
    CONSTRAINT mentions_by_event UNIQUE (room_id, seq, user_id)
) WITH_OPTIONS;

-- The room of the server's administrators, where what people report is sealed and kept.
INSERT INTO rooms (id, name, kind, topic, last_seq, revision, members, created_ms)
SELECT 'reports', 'Reports', 'private', 'What people here have reported', 0, 1, 0, 0
FROM (SELECT 1 AS one) AS once
WHERE NOT EXISTS (SELECT 1 FROM rooms WHERE id = 'reports');
