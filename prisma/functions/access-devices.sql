-- Which device a subscription may be used from, as far as accounting settles it.

-- Sessions that have just begun: the first device of a subscription that learns is the one it is locked to from now on; and a device that got its
-- Accept before the lock stood, or before another one was learned, goes. Two Starts of one subscription come here one after the other.
CREATE OR REPLACE FUNCTION access_learn_devices(p_ids bigint[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE l record;
BEGIN
  FOR l IN
    SELECT n.radacctid, n.subscription_id, n.tenant_id, n.mac
    FROM session_live n CROSS JOIN LATERAL (SELECT mac_lock, mac_learn FROM subscription WHERE id = n.subscription_id OFFSET 0) s
    WHERE n.radacctid = ANY (p_ids) AND n.closed_by IS NULL AND CASE WHEN s.mac_lock IS NULL THEN s.mac_learn AND n.mac IS NOT NULL ELSE s.mac_lock <> coalesce(n.mac, '') END
    ORDER BY n.started_at, n.radacctid
  LOOP
    UPDATE subscription SET mac_lock = l.mac, version = version + 1, updated_at = lango_now() WHERE id = l.subscription_id AND mac_lock IS NULL AND mac_learn AND l.mac IS NOT NULL;
    IF FOUND THEN
      INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id, detail)
      VALUES (l.tenant_id, 'system', 'network', 'subscriptions.learn-device', 'subscription', l.subscription_id::text, jsonb_build_object('mac', l.mac));
      PERFORM enforce_subscription(l.subscription_id, 'mac_lock_changed');
    ELSIF EXISTS (SELECT FROM subscription s WHERE s.id = l.subscription_id AND s.mac_lock <> coalesce(l.mac, '')) THEN
      PERFORM enforce_session(l.radacctid, 'cut', 'mac_lock_changed');
    END IF;
  END LOOP;
END $$;
