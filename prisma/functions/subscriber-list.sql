-- Lists of people by what somebody typed and by what their services are. Past row-level security, because under it LIKE reads whole tables; both ask for
-- lango_tenant() themselves (control-plane/search/search.test.ts).

-- SQL over subscriber c that is true for whoever the filter means. Keys of the filter, any of which may be absent: text, phone, mac, ip (what was typed,
-- as control-plane/subscribers/search.ts reads it); state and plan_id of a service; online (true, false); joined_from, joined_to; expires_from and expires_to
-- of a running service. The page is the p_limit newest before p_before.
DROP FUNCTION IF EXISTS subscriber_conditions;
CREATE FUNCTION subscriber_conditions(p_tenant bigint, p_filter jsonb, p_before bigint, p_limit integer) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
  f jsonb := p_filter;
  v_now timestamptz := lango_now();
  v_service text[] := '{}';
  v_all text[] := ARRAY[format('c.tenant_id = %s AND c.deleted_at IS NULL', p_tenant)];
  v_state text := f->>'state';
  -- What is asked of services of plans without rules beside v_service, and the versions with rules, if there are any.
  v_unruled text[] := '{}';
  v_ruled bigint[];
  v_grace integer := (SELECT coalesce(max(grace_s), 0) FROM plan_version WHERE tenant_id = p_tenant);
  -- Of a state that many are in, a page is soonest found by looking at one person after another; of any other, by its index.
  v_many boolean := v_state IN ('active', 'expired');
  -- What was typed is all that is asked: then no reading of it need give more than the page holds.
  v_alone boolean := NOT EXISTS (SELECT FROM jsonb_object_keys(f) k WHERE k NOT IN ('text', 'phone', 'mac', 'ip'));
BEGIN
  IF lango_reseller() IS NOT NULL THEN v_all := v_all || format('c.reseller_id = %s', lango_reseller()); END IF;
  IF f ? 'text' THEN
    v_all := v_all || search_people(p_tenant, f->>'text', f->>'phone', f->>'mac', (f->>'ip')::inet, CASE WHEN v_alone THEN p_before END, CASE WHEN v_alone THEN p_limit END);
  END IF;
  IF f ? 'joined_from' THEN v_all := v_all || format('c.created_at >= %L', f->>'joined_from'); END IF;
  IF f ? 'joined_to' THEN v_all := v_all || format('c.created_at < %L', f->>'joined_to'); END IF;
  IF f ? 'online' THEN
    v_all := v_all || format('%s EXISTS (SELECT FROM session_live l JOIN subscription o ON o.id = l.subscription_id WHERE l.stopped_at IS NULL AND o.subscriber_id = c.id)',
                             CASE WHEN NOT (f->>'online')::boolean THEN 'NOT' END);
  END IF;
  IF f ? 'plan_id' THEN
    v_service := v_service || format('s.plan_version_id IN (SELECT id FROM plan_version WHERE plan_id = %s AND tenant_id = %s)', (f->>'plan_id')::bigint, p_tenant);
  END IF;
  IF v_state IN ('pending', 'suspended', 'paused', 'ended') THEN
    v_service := v_service || format('s.status = %L', v_state);
  ELSIF v_state IS NOT NULL THEN
    -- What an index knows of the state narrows the rows for which it is worked out. Who is slowed down or stopped has used up an allowance, which is more
    -- than nothing, and so has a row of usage: an inner join costs half. Of plans with rules none of this is known: those are asked one by one.
    v_unruled := ARRAY[format('s.status = %L AND v.rules IS NULL', 'active'), CASE v_state
      WHEN 'expired' THEN format('s.expires_at <= %L', v_now)
      WHEN 'grace' THEN format('s.expires_at BETWEEN %L AND %L', v_now - make_interval(secs => v_grace), v_now)
      WHEN 'active' THEN format('s.expires_at > %L', v_now)
      ELSE format('s.expires_at > %L AND u.input_bytes + u.output_bytes - u.free_bytes >= s.quota_bytes + s.topup_bytes', v_now - make_interval(secs => v_grace)) END,
      format('subscription_state_at(s.status, s.expires_at, v.grace_s, s.quota_bytes + s.topup_bytes, coalesce(u.input_bytes + u.output_bytes - u.free_bytes, 0), v.on_quota, %L) = %L', v_now, v_state)];
    v_ruled := (SELECT array_agg(id) FROM plan_version WHERE tenant_id = p_tenant AND rules IS NOT NULL);
  END IF;
  IF f ? 'expires_from' THEN v_service := v_service || format('s.status = %L AND s.unused_validities = 0 AND s.expires_at >= %L', 'active', f->>'expires_from'); END IF;
  IF f ? 'expires_to' THEN v_service := v_service || format('s.expires_at < %L', f->>'expires_to'); END IF;
  IF v_service || v_unruled <> '{}' THEN
    v_service := v_service || format('s.tenant_id = %s', p_tenant) || CASE WHEN v_many THEN ARRAY['s.subscriber_id = c.id'] ELSE '{}' END;
    -- A state is worked out once: where a table has no statistics yet the planner would do it again for every person.
    v_all := v_all || format(CASE WHEN v_many THEN 'EXISTS (%s)' WHEN v_unruled <> '{}' THEN 'c.id IN (WITH served AS MATERIALIZED (%s) SELECT subscriber_id FROM served)'
                                  ELSE 'c.id IN (%s)' END,
      format('SELECT s.subscriber_id FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id
        %s usage_cycle u ON u.subscription_id = s.id AND u.cycle_no = s.cycle_no WHERE %s%s%s',
      CASE WHEN v_state IN ('throttled', 'capped') THEN 'JOIN' ELSE 'LEFT JOIN' END, array_to_string(v_service || v_unruled, ' AND '),
      CASE WHEN v_ruled IS NOT NULL THEN ' UNION ALL ' || format('SELECT s.subscriber_id FROM subscription s WHERE %s AND s.plan_version_id = ANY (%L) AND s.status = %L AND (SELECT n.state FROM subscription_now n WHERE n.id = s.id) = %L',
                              array_to_string(v_service, ' AND '), v_ruled, 'active', v_state) END,
      CASE WHEN v_many THEN ' OFFSET 0' END));
  END IF;
  RETURN array_to_string(v_all, ' AND ');
END $$;

-- People who match, newest first, those before p_before.
DROP FUNCTION IF EXISTS subscriber_page;
CREATE FUNCTION subscriber_page(p_filter jsonb, p_before bigint, p_limit integer) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF lango_tenant() IS NULL THEN RETURN; END IF;
  RETURN QUERY EXECUTE format('SELECT c.id FROM subscriber c WHERE %s AND c.id < $1 ORDER BY c.id DESC LIMIT $2', subscriber_conditions(lango_tenant(), p_filter, p_before, p_limit))
  USING coalesce(p_before, 9223372036854775807), p_limit;
END $$;
GRANT EXECUTE ON FUNCTION subscriber_page TO lango_web;

-- The same page, with how many match in all where that comes with it; else NULL. In grace or slowed down somebody is by their usage and the hour: to know who is
-- means to work it out for everybody, and once is enough.
DROP FUNCTION IF EXISTS subscriber_page_counted;
CREATE FUNCTION subscriber_page_counted(p_filter jsonb, p_before bigint, p_limit integer) RETURNS TABLE (id bigint, matching bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF lango_tenant() IS NULL THEN RETURN; END IF;
  IF p_filter->>'state' IN ('pending', 'active', 'suspended', 'paused', 'expired', 'ended') OR NOT p_filter ? 'state' THEN
    RETURN QUERY SELECT p.id, NULL::bigint FROM subscriber_page(p_filter, p_before, p_limit) p (id);
    RETURN;
  END IF;
  RETURN QUERY EXECUTE format('WITH found AS MATERIALIZED (SELECT c.id FROM subscriber c WHERE %s)
    SELECT f.id, (SELECT count(*) FROM found) FROM found f WHERE f.id < $1 ORDER BY f.id DESC LIMIT $2', subscriber_conditions(lango_tenant(), p_filter, NULL, NULL))
  USING coalesce(p_before, 9223372036854775807), p_limit;
END $$;
GRANT EXECUTE ON FUNCTION subscriber_page_counted TO lango_web;

-- How many match, counted up to p_most.
DROP FUNCTION IF EXISTS subscriber_count;
CREATE FUNCTION subscriber_count(p_filter jsonb, p_most integer) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_count bigint := 0;
BEGIN
  IF lango_tenant() IS NULL THEN RETURN 0; END IF;
  EXECUTE format('SELECT count(*) FROM (SELECT FROM subscriber c WHERE %s LIMIT $1) found', subscriber_conditions(lango_tenant(), p_filter, NULL, p_most)) INTO v_count USING p_most;
  RETURN v_count;
END $$;
GRANT EXECUTE ON FUNCTION subscriber_count TO lango_web;
