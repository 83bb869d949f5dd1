-- The first tables.
--
-- Types are written in four words that each database is told in its own (see sqlite.py, mysql.py):
--   CHARS(n)    at most n Unicode code points, compared exactly; ids use ASCII only
--   BYTES(n)    at most n bytes
--   BIGBYTES    bytes, up to 16 MiB
--   INTEGER     64 bits, signed
-- Every step may be run again after it was broken off: MariaDB commits each CREATE at once.
-- A statement ends with a semicolon at the end of a line. All times are milliseconds since 1970.

-- Single facts about the whole database.
CREATE TABLE IF NOT EXISTS meta (
    -- which fact: database_id, key_check
    name CHARS(32) NOT NULL PRIMARY KEY,
    -- the fact itself; text is ASCII
    value BYTES(255) NOT NULL
) WITH_OPTIONS;

-- People with an account.
CREATE TABLE IF NOT EXISTS users (
    -- 22 characters base64url of 128 random bits
    id CHARS(32) NOT NULL PRIMARY KEY,
    -- the folded name that people log in with
    username CHARS(64) NOT NULL,
    -- as others see it; 80 characters, each of which may be several code points
    full_name CHARS(640) NOT NULL,
    -- member or administrator
    role CHARS(16) NOT NULL,
    -- bcrypt of the peppered password, 60 characters $2b$…
    password_bcrypt BYTES(80) NOT NULL,
    -- number of the root key whose pepper went into it
    password_root_id INTEGER NOT NULL,
    -- when the person registered
    created_ms INTEGER NOT NULL,
    CONSTRAINT users_username UNIQUE (username)
) WITH_OPTIONS;

-- Signed-in browsers.
CREATE TABLE IF NOT EXISTS sessions (
    -- SHA-256 of the token in the cookie, 32 bytes; the token itself is nowhere
    digest BYTES(32) NOT NULL PRIMARY KEY,
    -- whose session
    user_id CHARS(32) NOT NULL,
    -- when it began; its absolute end counts from here
    created_ms INTEGER NOT NULL,
    -- when it was last used; its idle end counts from here
    seen_ms INTEGER NOT NULL,
    CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id)
) WITH_OPTIONS;

-- Rooms, and where each one's log stands.
CREATE TABLE IF NOT EXISTS rooms (
    -- [A-Za-z0-9_-]{1,32}
    id CHARS(32) NOT NULL PRIMARY KEY,
    -- as members see it; 64 characters
    name CHARS(512) NOT NULL,
    -- public, private or direct
    kind CHARS(16) NOT NULL,
    -- one line about the room, may be empty; 250 characters
    topic CHARS(2000) NOT NULL,
    -- number of the newest event; 0: none yet. Numbers have no gaps
    last_seq INTEGER NOT NULL,
    -- grows by one with every change of the memberships or of the key's epoch
    revision INTEGER NOT NULL,
    -- rows in memberships for this room, changed together with them
    members INTEGER NOT NULL,
    -- when the room was made; 0: it came with the database
    created_ms INTEGER NOT NULL
) WITH_OPTIONS;

-- Who is in which room.
CREATE TABLE IF NOT EXISTS memberships (
    room_id CHARS(32) NOT NULL,
    user_id CHARS(32) NOT NULL,
    -- member, moderator or owner of this room
    role CHARS(16) NOT NULL,
    -- number of the newest event that the person has read; 0: none
    read_seq INTEGER NOT NULL,
    -- the person sees events numbered above this; 0: the whole history
    since_seq INTEGER NOT NULL,
    -- when the person entered
    joined_ms INTEGER NOT NULL,
    PRIMARY KEY (room_id, user_id),
    CONSTRAINT memberships_by_user UNIQUE (user_id, room_id),
    CONSTRAINT memberships_room FOREIGN KEY (room_id) REFERENCES rooms (id),
    CONSTRAINT memberships_user FOREIGN KEY (user_id) REFERENCES users (id)
) WITH_OPTIONS;

-- The keys that seal events, each wrapped under a root key that is not in the database.
CREATE TABLE IF NOT EXISTS room_keys (
    room_id CHARS(32) NOT NULL,
    -- 1, 2, 3 … within the room
    epoch INTEGER NOT NULL,
    -- number of the root key that wraps it
    root_id INTEGER NOT NULL,
    -- the 32-byte room key under AES key wrap (RFC 3394): 40 bytes
    wrapped BYTES(40) NOT NULL,
    -- it seals the events from this number to the one before the next epoch's first_seq
    first_seq INTEGER NOT NULL,
    -- when the epoch began
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (room_id, epoch),
    CONSTRAINT room_keys_by_seq UNIQUE (room_id, first_seq, epoch),
    CONSTRAINT room_keys_room FOREIGN KEY (room_id) REFERENCES rooms (id)
) WITH_OPTIONS;

-- The append-only log of every room: JWEs in five binary parts (RFC 7516), and what finds them.
-- No foreign keys: room and membership are checked in the transaction that inserts, and two
-- look-ups for every message are saved.
CREATE TABLE IF NOT EXISTS events (
    room_id CHARS(32) NOT NULL,
    -- 1, 2, 3 … without gaps within the room
    seq INTEGER NOT NULL,
    -- the client's id of the post: 22 characters base64url of 128 random bits
    mid CHARS(32) NOT NULL,
    -- who wrote it
    author_id CHARS(32) NOT NULL,
    -- the protected header's JSON, byte for byte
    protected BYTES(2048) NOT NULL,
    -- the message's own 64-byte key under AES key wrap: 72 bytes; NULL once destroyed
    encrypted_key BYTES(72),
    -- AES-CBC initialization vector, 16 bytes
    iv BYTES(16) NOT NULL,
    -- the sealed, padded text, a multiple of 16 bytes; NULL once destroyed
    ciphertext BIGBYTES,
    -- HMAC-SHA-512 cut to 32 bytes
    tag BYTES(32) NOT NULL,
    PRIMARY KEY (room_id, seq),
    -- one event for each post, however often it is sent; also finds who has written in a room
    CONSTRAINT events_post UNIQUE (room_id, author_id, mid)
) WITH_OPTIONS;

-- The room that everyone who registers is in.
INSERT INTO rooms (id, name, kind, topic, last_seq, revision, members, created_ms)
SELECT 'general', 'general', 'public', '', 0, 1, 0, 0
FROM (SELECT 1 AS one) AS once
WHERE NOT EXISTS (SELECT 1 FROM rooms WHERE id = 'general');
