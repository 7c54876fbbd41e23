-- A set of captive pages as it was made for a router; routers fetch it by its hash, which is what is in it.
CREATE TABLE site_page_set (
  hash text PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
  tenant_id bigint NOT NULL REFERENCES tenant,
  -- [{"path", "size", "base64"}] in the order in which they are fetched.
  files jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT lango_now()
);
-- What a router is to show, and how far that is.
CREATE TABLE site_page_router (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL,
  -- Made when the router's turn comes; NULL before the first.
  hash text REFERENCES site_page_set,
  state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
  -- Of a failure: what was in the way, in one word, and what the router said.
  fault text CHECK (fault IN ('no_api', 'unreachable', 'refused', 'no_hotspot', 'fetch', 'certificate', 'wrong_size', 'not_switched')),
  detail text,
  files_done integer NOT NULL DEFAULT 0,
  files_all integer NOT NULL DEFAULT 0,
  asked_at timestamptz NOT NULL,
  -- The set that the router was last seen to show.
  shown_hash text,
  shown_at timestamptz,
  CHECK ((state = 'failed') = (fault IS NOT NULL))
);
SELECT platform_protect_table('site_page_set'), platform_protect_table('site_page_router');
SELECT platform_keep_reference('site_page_router', 'nas_id', 'nas');
-- As platform_keep_reference does, for a key that is not called id.
CREATE POLICY own_hash ON site_page_router AS RESTRICTIVE TO lango_web USING (true)
  WITH CHECK (hash IS NULL OR EXISTS (SELECT FROM site_page_set other WHERE other.hash = site_page_router.hash));
GRANT SELECT, INSERT ON site_page_set TO lango_web;
GRANT SELECT, INSERT, UPDATE ON site_page_router TO lango_web;
GRANT SELECT, DELETE ON site_page_set TO lango_jobs;
GRANT SELECT, UPDATE ON site_page_router TO lango_jobs;
