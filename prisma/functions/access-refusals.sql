-- Reading refused logins. These go past row-level security, because under it the ranges below would read whole tables (their operators are not
-- leakproof); each one therefore asks for lango_tenant() itself. access/refusals.test.ts holds them to that.

-- A moment as whole microseconds since 1970 and back: what a page's cursor and a try's name carry. Nothing is lost, as it would be in a Date.
CREATE OR REPLACE FUNCTION access_us(p_at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (extract(epoch FROM p_at) * 1000000)::bigint $$;
CREATE OR REPLACE FUNCTION access_at(p_us bigint) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT timestamptz 'epoch' + p_us * interval '1 microsecond' $$;

-- Refusals of the caller's company, the latest first, each with how often it came. p_username: the beginning of a login; p_station: a device as
-- access_mac writes it. The page after (p_before_us, p_before_id).
DROP FUNCTION IF EXISTS access_refusals;
CREATE FUNCTION access_refusals(
  p_username text, p_station text, p_router_id bigint, p_reason text, p_since timestamptz, p_before_us bigint, p_before_id bigint, p_limit integer
) RETURNS TABLE (
  id bigint, nas_id bigint, router text, username text, station text, reason text, tries bigint, first_at timestamptz, last_at timestamptz,
  subscriber_id bigint, subscription_id bigint, subscriber text, let_in boolean, us bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- Written anew for each question: only then is the index chosen by what is asked for.
  RETURN QUERY EXECUTE format($sql$
    SELECT r.id, r.nas_id, n.name::text, r.username, r.station, r.reason, r.tries, r.first_at, r.last_at, c.id, s.id, c.name,
           EXISTS (SELECT FROM radpostauth p WHERE p.tenant_id = r.tenant_id AND p.username = r.username AND p.authdate > r.last_at AND p.reply = 'Access-Accept'),
           access_us(r.last_at)
    FROM (SELECT * FROM access_refusal f WHERE f.tenant_id = $1 AND f.last_at > $2 %s %s %s %s %s ORDER BY f.last_at DESC, f.id DESC LIMIT $9) r
    LEFT JOIN nas n ON n.id = r.nas_id AND n.tenant_id = $1
    LEFT JOIN LATERAL (SELECT x.id, x.subscriber_id FROM subscription x WHERE x.tenant_id = $1 AND x.username = r.username ORDER BY x.status = 'ended', x.id DESC LIMIT 1) s ON true
    LEFT JOIN subscriber c ON c.id = s.subscriber_id
    ORDER BY r.last_at DESC, r.id DESC $sql$,
    CASE WHEN p_username IS NOT NULL THEN 'AND f.username LIKE $3' END, CASE WHEN p_station IS NOT NULL THEN 'AND f.station = $4' END,
    CASE WHEN p_router_id IS NOT NULL THEN 'AND f.nas_id = $5' END, CASE WHEN p_reason IS NOT NULL THEN 'AND f.reason = $6' END,
    CASE WHEN p_before_us IS NOT NULL THEN 'AND (f.last_at, f.id) < ($7, $8)' END)
  USING lango_tenant(), p_since, replace(replace(replace(p_username, '\', '\\'), '%', '\%'), '_', '\_') || '%', p_station, p_router_id, p_reason,
        access_at(p_before_us), p_before_id, p_limit;
END $$;
GRANT EXECUTE ON FUNCTION access_refusals TO lango_web;

-- Single answers of the caller's company, the latest first: all of them for one login, else the refusals. One of the first three should be given.
DROP FUNCTION IF EXISTS access_tries;
CREATE FUNCTION access_tries(
  p_username text, p_station text, p_router_id bigint, p_reason text, p_refused boolean, p_since timestamptz, p_before_us bigint, p_before_id bigint, p_limit integer
) RETURNS TABLE (
  id bigint, at timestamptz, username text, station text, nas_id bigint, router text, called text, reply text, reason text, method text, service_type text, port_type text, certificate text, us bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY EXECUTE format($sql$
    SELECT p.id, p.authdate, p.username, coalesce(p.station, p.callingstationid), p.nas_id, n.name::text, p.calledstationid, p.reply, p.reason, p.method, p.service_type, p.port_type, p.certificate, access_us(p.authdate)
    FROM (SELECT * FROM radpostauth a WHERE a.tenant_id = $1 AND a.authdate > $2 %s %s %s %s %s %s ORDER BY a.authdate DESC, a.id DESC LIMIT $9) p
    LEFT JOIN nas n ON n.id = p.nas_id AND n.tenant_id = $1
    ORDER BY p.authdate DESC, p.id DESC $sql$,
    CASE WHEN p_username IS NOT NULL THEN 'AND a.username = $3' END, CASE WHEN p_station IS NOT NULL THEN 'AND a.station = $4' END,
    CASE WHEN p_router_id IS NOT NULL THEN 'AND a.nas_id = $5' END, CASE WHEN p_reason IS NOT NULL THEN 'AND a.reason = $6' END,
    CASE WHEN p_refused OR p_username IS NULL THEN $q$AND a.reply <> 'Access-Accept'$q$ END,
    CASE WHEN p_before_us IS NOT NULL THEN 'AND a.authdate <= $7 AND (a.authdate, a.id) < ($7, $8)' END)
  USING lango_tenant(), p_since, p_username, p_station, p_router_id, p_reason, access_at(p_before_us), p_before_id, p_limit;
END $$;
GRANT EXECUTE ON FUNCTION access_tries TO lango_web;

-- One answer, by its moment and number.
DROP FUNCTION IF EXISTS access_try;
CREATE FUNCTION access_try(p_us bigint, p_id bigint) RETURNS TABLE (
  id bigint, at timestamptz, username text, station text, nas_id bigint, router text, called text, reply text, reason text, method text, service_type text, port_type text, certificate text, us bigint
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.id, p.authdate, p.username, coalesce(p.station, p.callingstationid), p.nas_id, n.name::text, p.calledstationid, p.reply, p.reason, p.method, p.service_type, p.port_type, p.certificate, access_us(p.authdate)
  FROM radpostauth p LEFT JOIN nas n ON n.id = p.nas_id AND n.tenant_id = p.tenant_id
  WHERE p.tenant_id = lango_tenant() AND p.authdate = access_at(p_us) AND p.id = p_id
$$;
GRANT EXECUTE ON FUNCTION access_try TO lango_web;

-- Routers of the caller's company whose own secret looks wrong. Certain: their signed packets did not fit within the hour, and no login of theirs was
-- answered since. Probable: within the hour three or more logins were refused for a wrong password there, and none of them has been let in since (with
-- PAP a wrong secret turns every password into noise).
DROP FUNCTION IF EXISTS access_suspect_routers;
CREATE FUNCTION access_suspect_routers() RETURNS TABLE (nas_id bigint, router text, certain boolean, logins bigint, tries bigint, first_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  (SELECT n.id, n.name::text, true, NULL::bigint, NULL::bigint, st.secret_wrong_at
   FROM nas_status st JOIN nas n ON n.id = st.nas_id
   WHERE n.tenant_id = lango_tenant() AND st.secret_wrong_at > lango_now() - interval '1 hour' AND st.secret_wrong_at > n.updated_at
     AND coalesce(st.last_access_at < st.secret_wrong_at, true)
   ORDER BY st.secret_wrong_at DESC LIMIT 5)
  UNION ALL
  (SELECT n.id, n.name::text, false, count(DISTINCT r.username), sum(r.tries)::bigint, min(r.first_at)
   FROM (SELECT * FROM access_refusal f WHERE f.tenant_id = lango_tenant() AND f.reason = 'wrong_password' AND f.last_at > lango_now() - interval '1 hour'
         ORDER BY f.last_at DESC, f.id DESC LIMIT 1000) r
   JOIN nas n ON n.id = r.nas_id AND n.tenant_id = lango_tenant()
   GROUP BY n.id
   HAVING count(DISTINCT r.username) >= 3 AND NOT bool_or(EXISTS (
     SELECT FROM radpostauth p WHERE p.tenant_id = lango_tenant() AND p.username = r.username AND p.authdate > r.first_at AND p.reply = 'Access-Accept' AND p.nas_id = r.nas_id))
   ORDER BY count(DISTINCT r.username) DESC LIMIT 5)
$$;
GRANT EXECUTE ON FUNCTION access_suspect_routers TO lango_web;

-- Forgets refusals of more than a week ago, and of each company all but the latest 100,000 (anybody can make up logins); and whole months of answers
-- that ended more than a month ago. Gives the number of rows and months.
CREATE OR REPLACE FUNCTION access_forget() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_gone bigint;
  v_more bigint;
  part text;
BEGIN
  DELETE FROM access_refusal WHERE last_at < lango_now() - interval '7 days';
  GET DIAGNOSTICS v_gone = ROW_COUNT;
  DELETE FROM access_refusal r USING (SELECT x.id, row_number() OVER (PARTITION BY x.tenant_id ORDER BY x.last_at DESC, x.id DESC) AS place FROM access_refusal x) p
  WHERE r.id = p.id AND p.place > 100000;
  GET DIAGNOSTICS v_more = ROW_COUNT;
  v_gone := v_gone + v_more;
  -- The parent is locked for a moment: rather not now than behind somebody who holds it, with every loader waiting behind us.
  SET LOCAL lock_timeout = '2s';
  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'radpostauth'::regclass AND c.relname ~ '^radpostauth_\d{6}$'
                AND to_date(right(c.relname, 6), 'YYYYMM') + interval '2 months' < lango_now() AT TIME ZONE 'UTC' LOOP
    EXECUTE format('DROP TABLE %I', part);
    v_gone := v_gone + 1;
  END LOOP;
  RETURN v_gone;
END $$;
GRANT EXECUTE ON FUNCTION access_forget() TO lango_jobs;
