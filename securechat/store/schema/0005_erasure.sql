-- Who may not come in any more, what rooms forget, and what is being erased.

-- active, disabled (may not log in until enabled) or erased (only the id is left)
ALTER TABLE users ADD COLUMN state CHARS(16) NOT NULL DEFAULT 'active';

-- Whose links to rooms are forgotten is found without walking everybody's.
CREATE INDEX IF NOT EXISTS invites_by_author ON invites (author_id);

-- What was erased as a whole. A row is written in the transaction that destroys the keys, or takes
-- the account away; whoever finds one that has not ended goes on with the rest.
CREATE TABLE IF NOT EXISTS erasures (
    -- room or person
    kind CHARS(16) NOT NULL,
    -- the id of the room, or of the person
    subject CHARS(32) NOT NULL,
    -- whose wish it was, a person's id; empty: of whoever holds the machine
    author_id CHARS(32) NOT NULL,
    -- of a person: 1: also what the person wrote
    messages INTEGER NOT NULL,
    begun_ms INTEGER NOT NULL,
    -- when nothing was left; 0: something is
    ended_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, subject),
    CONSTRAINT erasures_under_way UNIQUE (ended_ms, kind, subject)
) WITH_OPTIONS;

-- texts older than so many days are erased; 0: all are kept
ALTER TABLE rooms ADD COLUMN retention_days INTEGER NOT NULL DEFAULT 0;
-- up to this number they have been looked through for that
ALTER TABLE rooms ADD COLUMN expired_seq INTEGER NOT NULL DEFAULT 0;
