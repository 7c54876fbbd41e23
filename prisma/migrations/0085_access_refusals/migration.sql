-- "Why can't they connect?": every answer says how it was asked, every refusal is found by login, device and router, and refusals that repeat are one row.

-- station: Calling-Station-Id, a MAC in our one form. method, service_type, port_type: how the router asked, so that the request can be asked again.
ALTER TABLE radpostauth ADD COLUMN station text, ADD COLUMN method text, ADD COLUMN service_type text, ADD COLUMN port_type text;
UPDATE radpostauth SET station = upper(regexp_replace(regexp_replace(callingstationid, '[-:. ]', '', 'g'), '(..)(?=.)', '\1:', 'g'))
WHERE callingstationid ~* '^[0-9a-f]{2}([-: ]?[0-9a-f]{2}){5}$';

-- Refusals are few beside Accepts: their indexes cost a login that is let in nothing.
CREATE INDEX radpostauth_refused ON radpostauth (tenant_id, authdate DESC, id DESC) WHERE reply <> 'Access-Accept';
CREATE INDEX radpostauth_refused_station ON radpostauth (tenant_id, station, authdate DESC, id DESC) WHERE reply <> 'Access-Accept';
CREATE INDEX radpostauth_refused_router ON radpostauth (tenant_id, nas_id, authdate DESC, id DESC) WHERE reply <> 'Access-Accept';

-- The same refusal again and again (same router, login, device and reason) is one row that counts. A day of quiet begins it anew.
CREATE TABLE access_refusal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  nas_id bigint NOT NULL,
  username text NOT NULL,
  station text NOT NULL DEFAULT '',
  reason text NOT NULL,
  tries bigint NOT NULL CHECK (tries > 0),
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  UNIQUE (tenant_id, nas_id, username, station, reason)
) WITH (fillfactor = 80);
CREATE INDEX ON access_refusal (tenant_id, last_at DESC, id DESC);
CREATE INDEX ON access_refusal (tenant_id, nas_id, last_at DESC, id DESC);
CREATE INDEX ON access_refusal (tenant_id, reason, last_at DESC, id DESC);
CREATE INDEX ON access_refusal (tenant_id, station, last_at DESC, id DESC);
CREATE INDEX ON access_refusal (tenant_id, username text_pattern_ops, last_at DESC, id DESC);
SELECT platform_protect_table('access_refusal');
GRANT SELECT ON access_refusal TO lango_web, lango_jobs;
