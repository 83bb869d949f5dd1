-- The audit log: who did what to accounts, rights and keys. Rows are only ever added.

CREATE TABLE IF NOT EXISTS audit (
    -- 1, 2, 3 … without gaps
    number INTEGER NOT NULL PRIMARY KEY,
    -- when it was done
    time_ms INTEGER NOT NULL,
    -- what was done: registered, logged_in, banned …
    kind CHARS(32) NOT NULL,
    -- who did it: a user id, or operator; NULL: nobody knows
    actor CHARS(32),
    -- to whom or what: a user id, a room id, the number of a root key
    subject CHARS(32),
    -- done, or why it was refused
    outcome CHARS(64) NOT NULL,
    -- a JSON object with what else there is to say
    detail CHARS(1000) NOT NULL,
    -- the client's address; NULL where there is none
    address CHARS(64),
    -- number of the root key whose MAC this row has
    root_id INTEGER NOT NULL,
    -- SHA-256 over hash and MAC of the row before, and this row
    hash BYTES(32) NOT NULL,
    -- HMAC-SHA-256 over number and hash
    mac BYTES(32) NOT NULL
) WITH_OPTIONS;

-- One row: which number is the newest. Whoever adds to the log holds it.
CREATE TABLE IF NOT EXISTS audit_head (
    -- always 1
    id INTEGER NOT NULL PRIMARY KEY,
    -- the newest number; 0: none yet
    number INTEGER NOT NULL,
    -- number of the root key whose MAC this row has; 0: none yet
    root_id INTEGER NOT NULL,
    -- HMAC-SHA-256 over number, and hash and MAC of the row that has it
    mac BYTES(32) NOT NULL
) WITH_OPTIONS;

INSERT INTO audit_head (id, number, root_id, mac)
SELECT 1, 0, 0, x''
FROM (SELECT 1 AS one) AS once
WHERE NOT EXISTS (SELECT 1 FROM audit_head WHERE id = 1);
