-- Service that is billed after its period. A subscription with postpaid_from has no end of its own: it is billed from that moment on, month by month, and is
-- shut only where its customer's debt says so. Billing: prisma/functions/postpaid.sql; debts: postpaid-debts.sql.
ALTER TABLE subscription ADD COLUMN postpaid_from timestamptz;
CREATE INDEX subscription_postpaid ON subscription (subscriber_id) WHERE postpaid_from IS NOT NULL;

-- Until when an invoice is to be paid; NULL for those that were paid when they were made.
ALTER TABLE invoice ADD COLUMN due_at timestamptz;
CREATE INDEX invoice_due ON invoice (subscriber_id, id DESC) WHERE due_at IS NOT NULL;

-- How a company bills afterwards, where a customer's account says nothing else.
CREATE TABLE postpaid_setting (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  billing_day integer NOT NULL DEFAULT 1 CHECK (billing_day BETWEEN 1 AND 28),
  terms_days integer NOT NULL DEFAULT 14 CHECK (terms_days BETWEEN 0 AND 120),
  credit_limit_cents bigint CHECK (credit_limit_cents > 0),
  -- An account whose bill is so many times the largest it was sold for in its last three waits for a person; so does one above the most that a bill may be.
  unusual_factor integer NOT NULL DEFAULT 3 CHECK (unusual_factor BETWEEN 2 AND 100),
  most_cents bigint CHECK (most_cents > 0),
  -- Shut so many days after the day on which an invoice was to be paid, where at least so much is overdue; NULL: never.
  cut_after_days integer DEFAULT 3 CHECK (cut_after_days BETWEEN 0 AND 365),
  cut_least_cents bigint NOT NULL DEFAULT 0 CHECK (cut_least_cents >= 0),
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT lango_now()
);

CREATE TABLE postpaid_account (
  subscriber_id bigint PRIMARY KEY REFERENCES subscriber,
  tenant_id bigint NOT NULL REFERENCES tenant,
  billing_day integer NOT NULL CHECK (billing_day BETWEEN 1 AND 28),
  terms_days integer NOT NULL CHECK (terms_days BETWEEN 0 AND 120),
  -- Shut as soon as more than this is owed, due or not.
  credit_limit_cents bigint CHECK (credit_limit_cents > 0),
  -- Everything before is billed.
  billed_until timestamptz NOT NULL,
  -- The end of the running period, at which it is billed; NULL while there is nothing to bill.
  bill_at timestamptz,
  -- What is impossible about its bill, until a person has looked.
  parked_at timestamptz,
  parked_reason text CHECK (parked_reason IN ('unusual', 'too_much', 'currency', 'overlap', 'too_many_lines', 'differs', 'failed')),
  parked_detail jsonb,
  parked_run_id bigint,
  -- A person has looked at what was unusual: the next bill is let through.
  allowed_once boolean NOT NULL DEFAULT false,
  -- When its debt is looked at next: reminders, and the cut.
  look_at timestamptz,
  -- Promised to be paid by then: not shut before.
  promised_until timestamptz,
  promise_note text CHECK (length(promise_note) <= 300),
  cut_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  CHECK ((parked_at IS NULL) = (parked_reason IS NULL)),
  CHECK (bill_at > billed_until)
);
CREATE INDEX postpaid_account_due ON postpaid_account (bill_at, subscriber_id) WHERE parked_at IS NULL AND bill_at IS NOT NULL;
CREATE INDEX postpaid_account_parked ON postpaid_account (tenant_id, parked_at) WHERE parked_at IS NOT NULL;
CREATE INDEX postpaid_account_look ON postpaid_account (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX ON postpaid_account (tenant_id, subscriber_id);

-- What ran from when to when, on which version of which plan; written by a trigger on subscription, whoever changes it. Only time that was served.
CREATE TABLE postpaid_span (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscriber_id bigint NOT NULL REFERENCES subscriber,
  subscription_id bigint NOT NULL REFERENCES subscription,
  plan_version_id bigint NOT NULL REFERENCES plan_version,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz,
  CHECK (ends_at > starts_at)
);
CREATE UNIQUE INDEX postpaid_span_open ON postpaid_span (subscription_id) WHERE ends_at IS NULL;
CREATE INDEX postpaid_span_of_subscriber ON postpaid_span (subscriber_id, ends_at);

-- One run for a company and a day of its zone. It is over when nothing is due any more; begun again it goes on where it was.
CREATE TABLE postpaid_run (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  day date NOT NULL,
  due integer NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT lango_now(),
  ended_at timestamptz,
  UNIQUE (tenant_id, day)
);

-- One customer's period, billed once.
CREATE TABLE postpaid_bill (
  subscriber_id bigint NOT NULL REFERENCES subscriber,
  period_from timestamptz NOT NULL,
  period_to timestamptz NOT NULL,
  tenant_id bigint NOT NULL REFERENCES tenant,
  run_id bigint NOT NULL REFERENCES postpaid_run,
  -- None where there was nothing to bill.
  invoice_id bigint REFERENCES invoice,
  currency char(3),
  total_cents bigint NOT NULL CHECK (total_cents >= 0),
  -- What its services would have cost for the whole period.
  full_cents bigint NOT NULL CHECK (full_cents >= 0),
  PRIMARY KEY (subscriber_id, period_from),
  CHECK (period_to > period_from)
);
CREATE INDEX ON postpaid_bill (run_id, subscriber_id);
CREATE INDEX ON postpaid_bill (invoice_id);

-- Of what a bill consists: the part of a period that a service ran on a version, and what that part costs.
CREATE TABLE postpaid_line (
  subscriber_id bigint NOT NULL,
  period_from timestamptz NOT NULL,
  line_no integer NOT NULL CHECK (line_no BETWEEN 1 AND 100),
  tenant_id bigint NOT NULL REFERENCES tenant,
  subscription_id bigint NOT NULL REFERENCES subscription,
  plan_version_id bigint NOT NULL REFERENCES plan_version,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
  PRIMARY KEY (subscriber_id, period_from, line_no),
  FOREIGN KEY (subscriber_id, period_from) REFERENCES postpaid_bill (subscriber_id, period_from)
);

SELECT platform_protect_table(t) FROM unnest(ARRAY['postpaid_setting', 'postpaid_account', 'postpaid_span', 'postpaid_run', 'postpaid_bill', 'postpaid_line']::regclass[]) t;
SELECT platform_keep_reference('postpaid_account', 'subscriber_id', 'subscriber');
GRANT SELECT ON postpaid_setting, postpaid_account, postpaid_span, postpaid_run, postpaid_bill, postpaid_line TO lango_web, lango_jobs;
GRANT INSERT, UPDATE ON postpaid_setting, postpaid_account TO lango_web;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission
FROM staff_role r
JOIN (VALUES ('postpaid.read', 'isp_admin finance support sales'), ('postpaid.write', 'isp_admin finance'), ('postpaid.promise', 'isp_admin finance support'),
             ('postpaid.write_off', 'isp_admin'), ('postpaid.settings', 'isp_admin finance')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
