-- What staff want their colleagues to know of a customer. A removed note stays in the books with who removed it.
CREATE TABLE subscriber_note (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscriber_id bigint NOT NULL REFERENCES subscriber,
  staff_id bigint NOT NULL REFERENCES staff,
  body text NOT NULL CHECK (length(body) BETWEEN 1 AND 2000),
  pinned boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  removed_at timestamptz
);
CREATE INDEX ON subscriber_note (subscriber_id, id DESC) WHERE removed_at IS NULL;
SELECT platform_protect_table('subscriber_note');
SELECT platform_keep_reference('subscriber_note', 'subscriber_id', 'subscriber'), platform_keep_reference('subscriber_note', 'staff_id', 'staff');
GRANT SELECT, INSERT ON subscriber_note TO lango_web;
GRANT UPDATE (pinned, removed_at) ON subscriber_note TO lango_web;
