-- What one person asks for and another must agree to. Only prisma/functions/approvals.sql writes it.
CREATE TABLE approval (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  -- Also the name of the task that hears of the decision, and the locale key of its words.
  kind text NOT NULL CHECK (kind ~ '^[a-z]+\.[a-z_]+$'),
  -- The row that waits for it.
  subject_id bigint NOT NULL,
  -- What whoever decides must be allowed to do.
  permission text NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  currency char(3) NOT NULL,
  -- What is asked for, in words, and the page that shows it.
  summary text NOT NULL CHECK (length(summary) BETWEEN 1 AND 300),
  path text NOT NULL CHECK (path ~ '^/[a-z0-9/_-]{1,200}$'),
  state text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'approved', 'refused', 'expired', 'done')),
  -- Nobody: a job asked.
  asked_by bigint REFERENCES staff,
  asked_name text NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT lango_now(),
  expires_at timestamptz NOT NULL,
  decided_by bigint REFERENCES staff,
  decided_name text,
  decided_at timestamptz,
  note text CHECK (length(note) <= 300),
  done_at timestamptz,
  UNIQUE (tenant_id, kind, subject_id),
  -- Four eyes.
  CHECK (decided_by <> asked_by),
  CHECK ((decided_by IS NOT NULL) = (state IN ('approved', 'refused', 'done')))
);
CREATE INDEX approval_waiting ON approval (tenant_id, id DESC) WHERE state = 'asked';
CREATE INDEX approval_newest ON approval (tenant_id, id DESC);
CREATE INDEX approval_expiry ON approval (expires_at) WHERE state = 'asked';

-- What may follow what; what was asked for never changes.
CREATE FUNCTION approval_keep_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_free text[] := ARRAY['state', 'decided_by', 'decided_name', 'decided_at', 'note', 'done_at'];
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'what was asked for stays on record' USING ERRCODE = 'LG004';
  END IF;
  IF NOT (OLD.state = 'asked' AND NEW.state IN ('approved', 'refused', 'expired') OR OLD.state = 'approved' AND NEW.state = 'done') THEN
    RAISE EXCEPTION 'what is % cannot become %', OLD.state, NEW.state USING ERRCODE = 'LG004';
  END IF;
  IF to_jsonb(NEW) - v_free <> to_jsonb(OLD) - v_free OR OLD.decided_by IS NOT NULL AND OLD.decided_by IS DISTINCT FROM NEW.decided_by THEN
    RAISE EXCEPTION 'what was asked for, and who decided, does not change' USING ERRCODE = 'LG004';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approval_keep_state BEFORE UPDATE OR DELETE ON approval FOR EACH ROW EXECUTE FUNCTION approval_keep_state();

-- Up to this amount one person is enough; without a row, what approval_kinds() says.
CREATE TABLE approval_limit (
  tenant_id bigint NOT NULL REFERENCES tenant,
  kind text NOT NULL,
  limit_cents bigint NOT NULL CHECK (limit_cents >= 0),
  updated_at timestamptz NOT NULL DEFAULT lango_now(),
  PRIMARY KEY (tenant_id, kind)
);

SELECT platform_protect_table(t) FROM unnest(ARRAY['approval', 'approval_limit']::regclass[]) t;
GRANT SELECT ON approval, approval_limit TO lango_web, lango_jobs;
GRANT INSERT, UPDATE ON approval_limit TO lango_web;

INSERT INTO staff_role_permission (role_id, permission)
SELECT r.id, p.permission FROM staff_role r
JOIN (VALUES ('approvals.decide', 'isp_admin finance'), ('approvals.settings', 'isp_admin'), ('payments.refund', 'isp_admin finance')) AS p (permission, roles)
  ON r.key = ANY (string_to_array(p.roles, ' ')) OR r.key = 'super_admin'
WHERE r.tenant_id IS NULL;
