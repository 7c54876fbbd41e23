-- When a router was last known to have restarted (Accounting-On, Accounting-Off, or a new RouterOS boot digit). One that restarts again and again is
-- seen by this before its customers ring.
ALTER TABLE nas_status ADD COLUMN restarted_at timestamptz;

-- The standard view of it, for tools made for FreeRADIUS; there the table of this name stays empty.
CREATE VIEW nasreload WITH (security_invoker = true) AS
SELECT n.nasname AS nasipaddress, s.restarted_at AS reloadtime, s.tenant_id
FROM nas_status s JOIN nas n ON n.id = s.nas_id WHERE s.restarted_at IS NOT NULL;
GRANT SELECT ON nasreload TO lango_web;
