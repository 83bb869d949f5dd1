-- Where people are logged in, for their own eyes.

-- what the browser called itself at log-in, in words of our own, as Firefox; empty: unknown
ALTER TABLE sessions ADD COLUMN browser CHARS(32) NOT NULL DEFAULT '';
-- and what it runs on, as Linux; empty: unknown
ALTER TABLE sessions ADD COLUMN platform CHARS(32) NOT NULL DEFAULT '';

-- One's own sessions are found without walking everybody's.
CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id, seen_ms);
