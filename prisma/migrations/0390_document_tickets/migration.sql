-- What a customer's browser holds who has shown by a code that a phone or mailbox is theirs. Of the phone itself nothing is kept: a hash to count codes by, and
-- the customers whose it was when the code was sent.
CREATE TABLE document_ticket (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  ticket_hash bytea NOT NULL UNIQUE,
  recipient_hash bytea NOT NULL,
  -- Nobody's: no code was sent, and none is right.
  subscriber_ids bigint[] NOT NULL CHECK (cardinality(subscriber_ids) <= 10),
  code_hash bytea,
  expires_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
  sent_at timestamptz NOT NULL DEFAULT lango_now(),
  confirmed_at timestamptz
);
CREATE INDEX document_ticket_recipient ON document_ticket (tenant_id, recipient_hash, sent_at);
CREATE INDEX document_ticket_sent ON document_ticket (tenant_id, sent_at);
SELECT platform_protect_table('document_ticket');
GRANT SELECT, INSERT ON document_ticket TO lango_web;
GRANT UPDATE (code_hash, tries, confirmed_at, expires_at) ON document_ticket TO lango_web;
GRANT SELECT (id, sent_at), DELETE ON document_ticket TO lango_jobs;
