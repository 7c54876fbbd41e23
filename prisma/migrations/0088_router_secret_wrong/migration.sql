-- The last packet from this router's address whose signature does not fit our secret. Such packets are dropped without a word (RFC 3579 3.2), so
-- nothing else tells that somebody mistyped it.
ALTER TABLE nas_status ADD COLUMN secret_wrong_at timestamptz;
