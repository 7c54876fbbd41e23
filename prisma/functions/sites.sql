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
