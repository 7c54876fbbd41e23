-- Whether a login may be online now. Another FreeRADIUS asks radcheck and nobody else (docs/reference/standard-tables.md): there the suspended, expired,
-- unpaid, used up and barred at this hour are not found.
CREATE OR REPLACE FUNCTION tenant_reader_may_enter(p_username text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM subscription_now s
    WHERE s.tenant_id = tenant_reader_company() AND s.username = p_username AND s.access_state IN ('active', 'grace', 'throttled'))
$$;
GRANT EXECUTE ON FUNCTION tenant_reader_may_enter(text) TO lango_reader;
