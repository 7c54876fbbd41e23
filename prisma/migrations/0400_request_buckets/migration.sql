-- What is left to those who ask much, counted over all web processes of the installation; who asks little stands in none of its rows.
-- Unlogged: a crash of the database gives everybody a full bucket, which is where they begin anyway. No company's: strangers have none.
-- No index but its key, so that a row is changed in place.
CREATE UNLOGGED TABLE request_bucket (
  -- What is asked for and by whom, as a digest: addresses of people are kept nowhere for it.
  key bytea PRIMARY KEY CHECK (octet_length(key) = 16),
  left_over double precision NOT NULL,
  at timestamptz NOT NULL
) WITH (fillfactor = 70);
