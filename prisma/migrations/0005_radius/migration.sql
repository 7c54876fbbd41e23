-- The standard FreeRADIUS tables under their standard names and columns, so that any tool made for them can read them; tenant_id is ours.
-- They are written by the radius_* functions alone (prisma/functions/radius.sql). A row changed by another tool shows as drift.
CREATE TABLE radcheck (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username text NOT NULL DEFAULT '',
  attribute text NOT NULL DEFAULT '',
  op varchar(2) NOT NULL DEFAULT '==',
  value text NOT NULL DEFAULT '',
  tenant_id bigint NOT NULL REFERENCES tenant,
  UNIQUE (tenant_id, username, attribute)
);
CREATE TABLE radreply (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username text NOT NULL DEFAULT '',
  attribute text NOT NULL DEFAULT '',
  op varchar(2) NOT NULL DEFAULT '=',
  value text NOT NULL DEFAULT '',
  tenant_id bigint NOT NULL REFERENCES tenant
);
CREATE INDEX ON radreply (tenant_id, username);
CREATE TABLE radusergroup (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username text NOT NULL DEFAULT '',
  groupname text NOT NULL DEFAULT '',
  priority integer NOT NULL DEFAULT 0,
  tenant_id bigint NOT NULL REFERENCES tenant,
  UNIQUE (tenant_id, username, groupname)
);
CREATE TABLE radgroupcheck (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  groupname text NOT NULL DEFAULT '',
  attribute text NOT NULL DEFAULT '',
  op varchar(2) NOT NULL DEFAULT '==',
  value text NOT NULL DEFAULT '',
  tenant_id bigint NOT NULL REFERENCES tenant
);
CREATE INDEX ON radgroupcheck (tenant_id, groupname);
CREATE TABLE radgroupreply (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  groupname text NOT NULL DEFAULT '',
  attribute text NOT NULL DEFAULT '',
  op varchar(2) NOT NULL DEFAULT '=',
  value text NOT NULL DEFAULT '',
  tenant_id bigint NOT NULL REFERENCES tenant
);
CREATE INDEX ON radgroupreply (tenant_id, groupname);

-- Every answer given. pass stays empty: a password never reaches it.
CREATE TABLE radpostauth (
  id bigint GENERATED ALWAYS AS IDENTITY,
  username text NOT NULL,
  pass text CHECK (pass IS NULL OR pass = ''),
  reply text,
  calledstationid text,
  callingstationid text,
  authdate timestamptz NOT NULL DEFAULT now(),
  class text,
  tenant_id bigint NOT NULL,
  nas_id bigint,
  reason text,
  PRIMARY KEY (authdate, id)
) PARTITION BY RANGE (authdate);
CREATE TABLE radpostauth_default PARTITION OF radpostauth DEFAULT;
CREATE INDEX ON radpostauth (tenant_id, username, authdate DESC);
CREATE INDEX ON radpostauth (tenant_id, authdate DESC);
