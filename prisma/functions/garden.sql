-- The page of a company for its customers in the walled garden, who have not signed in: by the word in its address, or the only company's there is.
-- Nothing of it is a secret; a company that may not serve has no page.
DROP FUNCTION IF EXISTS garden_company(text);
CREATE FUNCTION garden_company(p_slug text) RETURNS TABLE (name text, words text, phone text, slug text, rings boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.name, coalesce(g.words, ''), coalesce(g.phone, ''), t.slug,
    EXISTS (SELECT FROM payment_provider k WHERE k.tenant_id = t.id AND k.provider IN ('mpesa', 'familybank')) FROM tenant t LEFT JOIN garden_page g ON g.tenant_id = t.id
  WHERE t.status = 'approved'
    AND (t.slug = p_slug OR p_slug IS NULL AND (SELECT count(*) FROM tenant o WHERE o.status = 'approved' AND NOT o.is_demo) = 1 AND NOT t.is_demo)
$$;
REVOKE EXECUTE ON FUNCTION garden_company(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION garden_company(text) TO lango_web;
