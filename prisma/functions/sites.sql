-- The site that a stranger's device stands in front of, by the word in its address. Nothing of it is a secret; a company that may not serve has no site.
CREATE OR REPLACE FUNCTION site_door(p_slug text) RETURNS TABLE (tenant_id bigint, site_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.tenant_id, s.id FROM site s JOIN tenant t ON t.id = s.tenant_id WHERE s.slug = p_slug AND t.status = 'approved'
$$;
REVOKE EXECUTE ON FUNCTION site_door(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION site_door(text) TO lango_web;

-- Whether a word is taken by any company's site: the address is one for the whole installation.
CREATE OR REPLACE FUNCTION site_slug_taken(p_slug text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM site WHERE slug = p_slug)
$$;
REVOKE EXECUTE ON FUNCTION site_slug_taken(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION site_slug_taken(text) TO lango_web;

-- One file of a set of pages, for the router that fetches it. Whoever knows the hash may have it: every guest of the hotspot sees what is in it.
CREATE OR REPLACE FUNCTION site_page_file(p_hash text, p_at integer) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.files -> p_at ->> 'base64' FROM site_page_set s WHERE s.hash = p_hash
$$;
REVOKE EXECUTE ON FUNCTION site_page_file(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION site_page_file(text, integer) TO lango_web;

-- How far it is. Nothing is written of a set that is not wanted any more: another was asked for meanwhile, and its own task comes.
CREATE OR REPLACE FUNCTION site_pages_note(p_nas_id bigint, p_hash text, p_state text, p_done integer, p_fault text DEFAULT NULL, p_detail text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE site_page_router r SET state = p_state, files_done = p_done, fault = p_fault, detail = left(p_detail, 200),
    shown_hash = CASE WHEN p_state = 'done' THEN p_hash ELSE r.shown_hash END, shown_at = CASE WHEN p_state = 'done' THEN lango_now() ELSE r.shown_at END
  WHERE r.nas_id = p_nas_id AND r.hash = p_hash;
  IF p_state = 'done' THEN
    -- Sets that no router is to show or shows; a router that is just fetching one has it in its row.
    DELETE FROM site_page_set s WHERE s.tenant_id = (SELECT tenant_id FROM site_page_router WHERE nas_id = p_nas_id)
      AND s.created_at < lango_now() - interval '1 day' AND NOT EXISTS (SELECT FROM site_page_router r WHERE s.hash IN (r.hash, r.shown_hash));
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION site_pages_note(bigint, text, text, integer, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION site_pages_note(bigint, text, text, integer, text, text) TO lango_jobs;
