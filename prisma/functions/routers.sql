-- How one router's API is reached, for work of the jobs part that asks or tells it something; no row where nobody gave us a user name and password.
DROP FUNCTION IF EXISTS nas_way(bigint);
CREATE FUNCTION nas_way(p_nas_id bigint) RETURNS TABLE (tenant_id bigint, name text, api jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT n.tenant_id, n.name, enforcement_api_way(n) FROM nas n WHERE n.id = p_nas_id AND enforcement_api_way(n) IS NOT NULL
$$;
REVOKE EXECUTE ON FUNCTION nas_way(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nas_way(bigint) TO lango_jobs;
