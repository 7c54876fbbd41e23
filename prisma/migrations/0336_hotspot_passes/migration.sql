-- What a browser at the hotspot's shop holds: the way to one service for one device. Its word stands in the address of its page and is kept as a hash.
CREATE TABLE hotspot_pass (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  site_id bigint,
  word_hash bytea NOT NULL UNIQUE,
  subscription_id bigint NOT NULL REFERENCES subscription ON DELETE CASCADE,
  -- By what its holder is known to be the service's: a payment still has to come, everything else was shown before.
  proof text NOT NULL CHECK (proof IN ('payment', 'pass', 'receipt', 'code', 'voucher', 'trial', 'account')),
  -- As the router's page told, which anybody may change: it says where to let in, never who is there.
  mac text CHECK (mac ~ '^([0-9A-F]{2}:){5}[0-9A-F]{2}$'),
  nas_id bigint REFERENCES nas ON DELETE SET NULL,
  -- The router's own login page.
  login_url text CHECK (length(login_url) <= 200),
  locale text NOT NULL CHECK (locale IN ('en', 'sw')),
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  -- Its device was let in the first time.
  admitted_at timestamptz
);
CREATE INDEX hotspot_pass_subscription ON hotspot_pass (subscription_id);
CREATE INDEX hotspot_pass_nas ON hotspot_pass (nas_id) WHERE nas_id IS NOT NULL;
CREATE INDEX hotspot_pass_mac ON hotspot_pass (tenant_id, mac, id) WHERE mac IS NOT NULL;

-- A payment that was asked for from a pass: of one pass alone, so that nobody else's device is let in by it.
CREATE TABLE hotspot_order (
  payment_id bigint PRIMARY KEY REFERENCES payment,
  tenant_id bigint NOT NULL REFERENCES tenant,
  pass_id bigint NOT NULL REFERENCES hotspot_pass ON DELETE CASCADE
);
CREATE INDEX hotspot_order_pass ON hotspot_order (pass_id);

-- A code sent to a phone, to show that it is theirs.
CREATE TABLE hotspot_code (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  site_id bigint,
  word_hash bytea NOT NULL UNIQUE,
  phone text NOT NULL CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
  code_hash bytea,
  expires_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
  sent_at timestamptz NOT NULL DEFAULT lango_now(),
  confirmed_at timestamptz
);
CREATE INDEX hotspot_code_phone ON hotspot_code (tenant_id, phone, sent_at);
CREATE INDEX hotspot_code_sent ON hotspot_code (tenant_id, sent_at);

-- Tries to show a payment by the last signs of its receipt. The whole receipt is never counted: nobody can be locked out by somebody else's guesses.
CREATE TABLE hotspot_guess (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  phone text NOT NULL,
  at timestamptz NOT NULL DEFAULT lango_now()
);
CREATE INDEX hotspot_guess_phone ON hotspot_guess (tenant_id, phone, at);

SELECT platform_protect_table('hotspot_pass'), platform_protect_table('hotspot_order'), platform_protect_table('hotspot_code'), platform_protect_table('hotspot_guess');
SELECT platform_keep_reference('hotspot_pass', 'subscription_id', 'subscription'),
       platform_keep_reference('hotspot_pass', 'nas_id', 'nas'),
       platform_keep_reference('hotspot_order', 'payment_id', 'payment'),
       platform_keep_reference('hotspot_order', 'pass_id', 'hotspot_pass');
GRANT SELECT, INSERT, UPDATE ON hotspot_pass, hotspot_code TO lango_web;
GRANT SELECT, INSERT ON hotspot_order, hotspot_guess TO lango_web;
GRANT SELECT (id, tenant_id, proof, admitted_at, created_at), DELETE ON hotspot_pass TO lango_jobs;
GRANT SELECT (id, sent_at), DELETE ON hotspot_code TO lango_jobs;
GRANT SELECT (id, at), DELETE ON hotspot_guess TO lango_jobs;
