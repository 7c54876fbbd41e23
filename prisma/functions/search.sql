-- Finding by what somebody typed. These go past row-level security, because under it LIKE reads whole tables (its operator is not leakproof); each one
-- therefore asks for lango_tenant() itself. control-plane/search/search.test.ts holds them to that. What was typed is read in control-plane/search/read-query.ts.

-- A text as it stands inside a LIKE pattern.
CREATE OR REPLACE FUNCTION search_escape(p_text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT replace(replace(replace(p_text, '\', '\\'), '%', '\%'), '_', '\_') $$;

-- SQL that is true where an expression holds every word of p_text, in any order: under three letters at the beginning of a word, from three on anywhere.
-- The patterns stand in it as literals, so that the trigram index is weighed with what was really asked.
CREATE OR REPLACE FUNCTION search_words(p_column text, p_text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(string_agg(
    CASE WHEN length(w) < 3 THEN format('(%1$s LIKE %2$L OR %1$s LIKE %3$L)', p_column, search_escape(w) || '%', '% ' || search_escape(w) || '%')
         ELSE format('%s LIKE %L', p_column, '%' || search_escape(w) || '%') END, ' AND '), 'false')
  FROM (SELECT w FROM regexp_split_to_table(lower(p_text), '\s+') w WHERE w <> '' ORDER BY length(w) DESC LIMIT 6) words
$$;

-- SQL over subscriber c that is true for the people whom the text may mean. p_phone: digits of a number without its zero or plus. p_mac: the beginning
-- of a device as AA:BB:CC. Each reading is one index of its own, and gives no more than the p_limit newest before p_before: what a page can show.
DROP FUNCTION IF EXISTS search_people(bigint, text, text, text, inet);
CREATE OR REPLACE FUNCTION search_people(p_tenant bigint, p_text text, p_phone text, p_mac text, p_ip inet, p_before bigint, p_limit integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT format('c.id IN (%s)', string_agg(format('(SELECT f.id FROM (%s) f (id) WHERE f.id < %s ORDER BY f.id DESC LIMIT %s)', way,
                                                  coalesce(p_before, 9223372036854775807), coalesce(p_limit::text, 'ALL')), ' UNION ALL '))
  FROM unnest(ARRAY[
    format('SELECT i.id FROM subscriber i WHERE i.tenant_id = %s AND i.deleted_at IS NULL AND (%s OR %s%s)', p_tenant, search_words('lower(i.name)', p_text),
           search_words('lower(i.email)', p_text), ' OR ' || format('i.phone LIKE %L', '%' || p_phone || '%')),
    format('SELECT x.subscriber_id FROM subscription x WHERE x.tenant_id = %s AND (%s%s)', p_tenant, search_words('lower(x.username)', p_text),
           ' OR ' || format('x.mac_lock LIKE %L', '%' || p_mac || '%')),
    CASE WHEN p_mac IS NOT NULL THEN
      format('SELECT x.subscriber_id FROM session_live l JOIN subscription x ON x.id = l.subscription_id WHERE l.tenant_id = %s AND l.stopped_at IS NULL AND l.mac LIKE %L', p_tenant, p_mac || '%') END,
    CASE WHEN p_ip IS NOT NULL THEN
      format('SELECT x.subscriber_id FROM session_live l JOIN subscription x ON x.id = l.subscription_id WHERE l.tenant_id = %s AND l.stopped_at IS NULL AND l.framed_ip = %L', p_tenant, host(p_ip)) END,
    CASE WHEN p_ip IS NOT NULL THEN
      format('SELECT x.subscriber_id FROM subscription x WHERE x.tenant_id = %s AND x.static_ip = %L AND x.status <> %L', p_tenant, host(p_ip), 'ended') END]) way
  WHERE way IS NOT NULL
$$;

-- Everything of the caller's company that a text may mean, of the kinds that the person may see, p_limit of each kind, exact ones first (0 exact, 1 from
-- its beginning, 2 somewhere in it). p_code: letters and digits alone, in capitals: a voucher or a receipt. At most 1,000 of a kind are weighed.
DROP FUNCTION IF EXISTS search_find;
CREATE FUNCTION search_find(p_text text, p_code text, p_phone text, p_mac text, p_ip inet, p_kinds text[], p_limit integer) RETURNS TABLE (
  kind text, rank integer, id bigint, subscriber_id bigint, subscription_id bigint, name text, code text, state text, at timestamptz, cents bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_tenant bigint := lango_tenant();
  v_text text := lower(p_text);
  v_begin text := search_escape(lower(p_text)) || '%';
  v_parts text[] := '{}';
  -- For a reseller's staff: SQL that is true of the rows of the reseller's customers, of a table that names them.
  v_own text := CASE WHEN lango_reseller() IS NULL THEN '' ELSE format(' AND %%s IN (SELECT o.id FROM subscriber o WHERE o.reseller_id = %s)', lango_reseller()) END;
BEGIN
  IF v_tenant IS NULL THEN RETURN; END IF;
  IF 'subscribers' = ANY (p_kinds) THEN
    v_parts := v_parts || format($q$
      SELECT 'subscribers', CASE WHEN lower(c.name) = $1 OR lower(c.email) = $1 OR length($3) >= 9 AND right(c.phone, length($3)) = $3 THEN 0 WHEN lower(c.name) LIKE $2 THEN 1 ELSE 2 END,
             c.id, c.id, NULL::bigint, c.name, c.phone, NULL::text, c.created_at, NULL::bigint
      FROM (SELECT * FROM subscriber c WHERE c.tenant_id = $4 AND c.deleted_at IS NULL%s AND (%s OR %s%s) LIMIT 1000) c $q$, format(v_own, 'c.id'),
      search_words('lower(c.name)', p_text), search_words('lower(c.email)', p_text), ' OR ' || format('c.phone LIKE %L', '%' || p_phone || '%'));
    v_parts := v_parts || format($q$
      SELECT 'services', CASE WHEN lower(s.username) = $1 OR s.mac_lock = $5 OR s.static_ip = $6 THEN 0 WHEN lower(s.username) LIKE $2 THEN 1 ELSE 2 END,
             s.id, s.subscriber_id, s.id, c.name, s.username, s.status, NULL::timestamptz, NULL::bigint
      FROM (SELECT * FROM (SELECT * FROM subscription s WHERE s.tenant_id = $4 AND (%s%s)%s) s WHERE true%s LIMIT 1000) s JOIN subscriber c ON c.id = s.subscriber_id AND c.deleted_at IS NULL $q$,
      search_words('lower(s.username)', p_text), ' OR ' || format('s.mac_lock LIKE %L', '%' || p_mac || '%'),
      ' UNION ALL ' || format('SELECT * FROM subscription s WHERE s.tenant_id = $4 AND s.static_ip = %L AND s.status <> %L', host(p_ip), 'ended'), format(v_own, 's.subscriber_id'));
  END IF;
  IF 'sessions' = ANY (p_kinds) AND lango_reseller() IS NULL AND (p_mac IS NOT NULL OR p_ip IS NOT NULL) THEN
    v_parts := v_parts || format($q$
      SELECT 'sessions', CASE WHEN l.mac = $5 OR l.framed_ip = $6 OR $6 IS NOT NULL THEN 0 ELSE 1 END, l.radacctid, s.subscriber_id, l.subscription_id, coalesce(c.name, l.username),
             coalesce(CASE WHEN $6 IS NULL THEN l.mac END, host(l.framed_ip), l.delegated_ipv6_prefix, l.framed_ipv6_prefix, l.mac), NULL::text, l.started_at, NULL::bigint
      FROM (SELECT * FROM session_live l WHERE l.tenant_id = $4 AND l.stopped_at IS NULL AND (%s) LIMIT 1000) l
      LEFT JOIN subscription s ON s.id = l.subscription_id LEFT JOIN subscriber c ON c.id = s.subscriber_id $q$,
      concat_ws(' OR ', format('l.mac LIKE %L', p_mac || '%'), format('l.framed_ip = %L', host(p_ip)),
        CASE WHEN family(p_ip) = 6 THEN format('l.framed_ipv6_prefix = ANY (%1$L) OR l.delegated_ipv6_prefix = ANY (%1$L)', address_prefixes(p_ip)) END));
  END IF;
  IF 'payments' = ANY (p_kinds) AND p_code IS NOT NULL THEN
    v_parts := v_parts || format($q$
      SELECT 'payments', CASE WHEN upper(p.reference) = upper($1) THEN 0 ELSE 1 END, p.id, p.subscriber_id, p.subscription_id, c.name, p.reference, p.state, p.received_at, p.amount_cents
      FROM (SELECT * FROM payment p WHERE p.tenant_id = $4 AND upper(p.reference) LIKE upper($2)%s LIMIT 1000) p JOIN subscriber c ON c.id = p.subscriber_id $q$, format(v_own, 'p.subscriber_id'));
  END IF;
  IF 'invoices' = ANY (p_kinds) AND length(p_text) >= 3 THEN
    v_parts := v_parts || format($q$
      SELECT 'invoices', CASE WHEN upper(i.number_text) = upper($1) THEN 0 ELSE 1 END, i.id, i.subscriber_id, i.subscription_id, coalesce(c.name, ''), i.number_text, i.kind, i.issued_at,
             i.total_cents
      FROM (SELECT * FROM invoice i WHERE i.tenant_id = $4 AND upper(i.number_text) LIKE upper($2)%s LIMIT 1000) i LEFT JOIN subscriber c ON c.id = i.subscriber_id $q$, format(v_own, 'i.subscriber_id'));
  END IF;
  IF 'vouchers' = ANY (p_kinds) AND p_code ~ '^[A-Z0-9]{4,36}$' THEN
    -- Only whole ones: a part of a code must not tell the rest of it.
    v_parts := array_append(v_parts, $q$
      SELECT 'vouchers', 0, v.batch_id, s.subscriber_id, v.subscription_id, coalesce(s.username, ''), v.code,
             CASE WHEN v.used_at IS NOT NULL THEN 'used' WHEN b.voided_at IS NOT NULL THEN 'void' ELSE 'unused' END, v.used_at, NULL::bigint
      FROM voucher v JOIN voucher_batch b ON b.id = v.batch_id LEFT JOIN subscription s ON s.id = v.subscription_id WHERE v.tenant_id = $4 AND v.code = $7
        AND (lango_reseller() IS NULL OR b.reseller_id = lango_reseller() AND (b.charged = 'assignment' OR v.sold_at IS NOT NULL)) $q$);
  END IF;
  IF 'routers' = ANY (p_kinds) AND lango_reseller() IS NULL THEN
    v_parts := array_append(v_parts, $q$
      SELECT 'routers', CASE WHEN lower(n.name) = $1 OR n.nasname = $1 THEN 0 WHEN lower(n.name) LIKE $2 THEN 1 ELSE 2 END, n.id, NULL::bigint, NULL::bigint, n.name::text, n.nasname::text,
             NULL::text, NULL::timestamptz, NULL::bigint
      FROM nas n WHERE n.tenant_id = $4 AND (strpos(lower(n.name), $1) > 0 OR n.nasname = $1) $q$);
  END IF;
  IF v_parts = '{}' THEN RETURN; END IF;
  RETURN QUERY EXECUTE (SELECT string_agg(format('(SELECT * FROM (%s) f (kind, rank, id, subscriber_id, subscription_id, name, code, state, at, cents) ORDER BY f.rank, f.id DESC LIMIT $8)', part), ' UNION ALL ')
                        FROM unnest(v_parts) part)
  USING v_text, v_begin, p_phone, v_tenant, p_mac, p_ip, p_code, p_limit;
END $$;
GRANT EXECUTE ON FUNCTION search_find TO lango_web;
