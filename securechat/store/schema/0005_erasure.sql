-- Who may not come in any more, what rooms forget, and what is being erased.

-- active, disabled (may not log in until enabled) or erased (only the id is left)
ALTER TABLE users ADD COLUMN state CHARS(16) NOT NULL DEFAULT 'active';

-- Whose links to rooms are forgotten is found without walking everybody's.
CREATE INDEX IF NOT EXISTS invites_by_author ON invites (author_id);
