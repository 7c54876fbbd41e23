-- The company that a person wants to join, who has not signed in: by the word in its address, or the only company there is. Nothing of it is a secret; a
-- company that may not serve has no page.
CREATE OR REPLACE FUNCTION join_company(p_slug text) RETURNS TABLE (tenant_id bigint, slug text, name text, timezone text, currency text, words text, phone text, is_open boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id, t.slug, t.name, t.timezone, t.currency::text, coalesce(g.words, ''), coalesce(g.phone, ''), coalesce(s.is_open, false)
  FROM tenant t LEFT JOIN garden_page g ON g.tenant_id = t.id LEFT JOIN join_setting s ON s.tenant_id = t.id
  WHERE t.status = 'approved'
    AND (t.slug = p_slug OR p_slug IS NULL AND (SELECT count(*) FROM tenant o WHERE o.status = 'approved' AND NOT o.is_demo) = 1 AND NOT t.is_demo)
$$;
REVOKE EXECUTE ON FUNCTION join_company(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION join_company(text) TO lango_web;

-- What somebody who is erased once asked for goes with them.
CREATE OR REPLACE FUNCTION join_forget_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM join_request r WHERE r.subscriber_id = NEW.id AND r.tenant_id = NEW.tenant_id;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER join_forget_erased AFTER UPDATE OF erased_at ON subscriber FOR EACH ROW WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL)
  EXECUTE FUNCTION join_forget_erased();
