-- Our end of the WireGuard tunnels, kept as the database says (lango tunnels keep).

-- What the interface last showed of a router's tunnel. Apart from provisioning_router, because it changes all the time.
CREATE TABLE provisioning_tunnel (
  nas_id bigint PRIMARY KEY REFERENCES nas ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES tenant,
  -- When both ends last agreed on a key, at most two minutes apart while the tunnel is used; NULL: never since the interface is there.
  handshake_at timestamptz,
  -- Where the router's packets come from.
  endpoint text,
  seen_at timestamptz NOT NULL DEFAULT lango_now()
);
SELECT platform_protect_table('provisioning_tunnel'), platform_keep_reference('provisioning_tunnel', 'nas_id', 'nas');
GRANT SELECT ON provisioning_tunnel TO lango_web, lango_jobs;

-- Whoever keeps the interface follows within a moment: a tunnel is made, or goes with its router. What a router says while it is set up changes no tunnel.
CREATE FUNCTION provisioning_tunnel_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY lango_tunnels;
  RETURN NULL;
END $$;
CREATE TRIGGER provisioning_tunnel_changed AFTER INSERT OR DELETE OR UPDATE OF way, tunnel_kind, tunnel_address, tunnel_public_key ON provisioning_router
  FOR EACH STATEMENT EXECUTE FUNCTION provisioning_tunnel_changed();
