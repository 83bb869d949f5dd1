-- Second factors, and what a session may do for a while after its owner has proven who that is.

-- when that was last proven; logging in is a proof
ALTER TABLE sessions ADD COLUMN proven_ms INTEGER NOT NULL DEFAULT 0;

-- What an app makes one-time codes from; at most one a person.
CREATE TABLE IF NOT EXISTS apps (
    user_id CHARS(32) NOT NULL PRIMARY KEY,
    -- number of the root key that wraps the secret
    root_id INTEGER NOT NULL,
    -- AES-KWP of 20 bytes: 32 bytes
    wrapped BYTES(64) NOT NULL,
    -- the step of 30 s since 1970 whose code was used last; none up to here counts any more
    last_step INTEGER NOT NULL,
    -- when the first code was typed
    since_ms INTEGER NOT NULL,
    CONSTRAINT apps_user FOREIGN KEY (user_id) REFERENCES users (id)
) WITH_OPTIONS;

-- Codes for whoever has lost all other factors; one that was used is gone.
CREATE TABLE IF NOT EXISTS recovery_codes (
    user_id CHARS(32) NOT NULL,
    -- SHA-256 of the code and the user id, 32 bytes; the code itself is nowhere
    digest BYTES(32) NOT NULL,
    PRIMARY KEY (user_id, digest),
    CONSTRAINT recovery_codes_user FOREIGN KEY (user_id) REFERENCES users (id)
) WITH_OPTIONS;

-- Log-ins whose password was right and which wait for a second factor.
CREATE TABLE IF NOT EXISTS halfway (
    -- SHA-256 of the token in the cookie, 32 bytes; the token itself is nowhere
    digest BYTES(32) NOT NULL PRIMARY KEY,
    user_id CHARS(32) NOT NULL,
    -- the stored password that was checked, as in users
    password_bcrypt BYTES(80) NOT NULL,
    password_root_id INTEGER NOT NULL,
    -- so many codes may still be tried
    tries_left INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    CONSTRAINT halfway_user FOREIGN KEY (user_id) REFERENCES users (id)
) WITH_OPTIONS;

-- Those that have expired are found without walking the others.
CREATE INDEX IF NOT EXISTS halfway_by_end ON halfway (expires_ms);

-- Passkeys (WebAuthn): what only the person's own device can sign with.
CREATE TABLE IF NOT EXISTS passkeys (
    -- the credential id, as the device has chosen it
    id BYTES(1023) NOT NULL PRIMARY KEY,
    user_id CHARS(32) NOT NULL,
    -- what its owner calls it; 64 characters
    name CHARS(512) NOT NULL,
    -- the public key, a COSE_Key (RFC 9052)
    public_key BYTES(2048) NOT NULL,
    -- how often it was used, as the device counts; 0: it does not count
    sign_count INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    -- 0: never
    used_ms INTEGER NOT NULL,
    CONSTRAINT passkeys_by_user UNIQUE (user_id, id),
    CONSTRAINT passkeys_user FOREIGN KEY (user_id) REFERENCES users (id)
) WITH_OPTIONS;

-- Challenges that a passkey has answered, until they expire: each counts once.
CREATE TABLE IF NOT EXISTS spent_challenges (
    -- SHA-256 of the challenge, 32 bytes
    digest BYTES(32) NOT NULL PRIMARY KEY,
    expires_ms INTEGER NOT NULL
) WITH_OPTIONS;

-- Those that have expired are found without walking the others.
CREATE INDEX IF NOT EXISTS spent_challenges_by_end ON spent_challenges (expires_ms);
