-- What is kept of a plan and of each subscription on it, so that accounting and the alarms need not read the plan: written by triggers, whoever changes them.

-- What a plan version's columns come to for the functions above; NULL when speed, cap and validity are all there is.
CREATE OR REPLACE FUNCTION plan_rules(v plan_version) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN v.fair_use IS NOT NULL OR v.quota_cycle IS NOT NULL OR v.time_rules IS NOT NULL OR v.online_s IS NOT NULL OR v.starts_on = 'first_use' THEN
    jsonb_strip_nulls(jsonb_build_object(
      'full', radius_rate_limit(v.up_kbps, v.down_kbps, v.burst_up_kbps, v.burst_down_kbps, v.burst_threshold_up_kbps, v.burst_threshold_down_kbps, v.burst_time_s),
      'cap', CASE WHEN v.on_quota = 'throttle' THEN radius_rate_limit(v.throttle_up_kbps, v.throttle_down_kbps) END,
      'steps', (SELECT jsonb_agg(jsonb_build_object('at', (f->>'at_bytes')::bigint, 'rate', radius_rate_limit((f->>'up_kbps')::bigint, (f->>'down_kbps')::bigint))
                                 ORDER BY (f->>'at_bytes')::bigint) FROM jsonb_array_elements(v.fair_use) AS f),
      'cycle', v.quota_cycle,
      'online_s', v.online_s,
      'first_use', CASE WHEN v.starts_on = 'first_use' THEN jsonb_build_object('count', v.validity_count, 'unit', v.validity_unit, 'ends', v.validity_ends) END))
    -- Not stripped: a segment without a rule says so.
    || CASE WHEN v.time_rules IS NOT NULL THEN jsonb_build_object('week', plan_week(v.time_rules)) ELSE '{}' END
  END
$$;

CREATE OR REPLACE FUNCTION plan_write_rules() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.rules := plan_rules(NEW);
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER plan_write_rules BEFORE INSERT ON plan_version FOR EACH ROW EXECUTE FUNCTION plan_write_rules();

CREATE OR REPLACE FUNCTION plan_arm() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO plan_alarm (plan_version_id, tenant_id, due_at)
  SELECT NEW.id, NEW.tenant_id, w.o_next_at FROM tenant t, plan_week_at(NEW.rules->'week', t.timezone, lango_now()) w WHERE t.id = NEW.tenant_id;
  PERFORM pg_notify('lango_expiry', '');
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER plan_arm AFTER INSERT ON plan_version FOR EACH ROW WHEN (NEW.time_rules IS NOT NULL) EXECUTE FUNCTION plan_arm();

-- Hours are told by the company's clock.
CREATE OR REPLACE FUNCTION plan_timezone_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE plan_alarm SET due_at = lango_now() WHERE tenant_id = NEW.id;
  PERFORM pg_notify('lango_expiry', '');
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER plan_timezone_changed AFTER UPDATE OF timezone ON tenant FOR EACH ROW WHEN (OLD.timezone <> NEW.timezone) EXECUTE FUNCTION plan_timezone_changed();

-- Keeps what accounting and the enforcer's alarms need of a subscription, whoever changes it.
CREATE OR REPLACE FUNCTION subscription_arm_rules() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE v record;
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.status, NEW.expires_at, NEW.plan_version_id, NEW.cycle_no, NEW.quota_bytes, NEW.topup_bytes, NEW.starts_at)
     IS NOT DISTINCT FROM (OLD.status, OLD.expires_at, OLD.plan_version_id, OLD.cycle_no, OLD.quota_bytes, OLD.topup_bytes, OLD.starts_at) THEN
    RETURN NEW;
  END IF;
  SELECT p.rules, p.grace_s INTO v FROM plan_version p WHERE p.id = NEW.plan_version_id;
  NEW.watch_bytes := least(NEW.quota_bytes, (v.rules->'steps'->0->>'at')::bigint) + NEW.topup_bytes;
  NEW.watch_seconds := (v.rules->>'online_s')::bigint;
  NEW.counts_by_time := coalesce(jsonb_path_exists(v.rules, '$.week[*].rule.percent ? (@ < 100)'), false);
  IF v.rules->>'cycle' IS NULL OR NEW.starts_at IS NULL THEN
    NEW.cycle_ends_at := NULL;
  ELSIF NEW.cycle_ends_at IS NULL OR TG_OP = 'INSERT' OR NEW.cycle_no <> OLD.cycle_no THEN
    NEW.cycle_ends_at := plan_cycle_end(v.rules->>'cycle', (SELECT timezone FROM tenant WHERE id = NEW.tenant_id), lango_now());
  END IF;
  -- One that is not served has no use for a new period; the first change that revives it finds the old one over and turns it.
  NEW.cycle_due_at := CASE WHEN NEW.status = 'active' AND NEW.cycle_ends_at < NEW.expires_at + make_interval(secs => v.grace_s) THEN NEW.cycle_ends_at END;
  IF NEW.cycle_due_at IS NOT NULL THEN
    PERFORM pg_notify('lango_expiry', '');
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER subscription_arm_rules BEFORE INSERT OR UPDATE ON subscription FOR EACH ROW EXECUTE FUNCTION subscription_arm_rules();

-- When its plan came to say something else to who is online: only rates and the address list can be changed of a session that runs. Another price is no reason to tell a
-- rate again, which would undo the one that staff set.
CREATE OR REPLACE FUNCTION subscription_note_plan() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- Column by column, not as rate limits in words: a whole town may begin another plan at one midnight.
  IF EXISTS (
      SELECT FROM plan_version o, plan_version n WHERE o.id = OLD.plan_version_id AND n.id = NEW.plan_version_id AND
        (o.up_kbps, o.down_kbps, o.burst_up_kbps, o.burst_down_kbps, o.burst_threshold_up_kbps, o.burst_threshold_down_kbps, o.burst_time_s, o.address_list,
         CASE o.on_quota WHEN 'throttle' THEN ROW (o.throttle_up_kbps, o.throttle_down_kbps) END, o.rules->'steps', o.rules->'week')
        IS DISTINCT FROM
        (n.up_kbps, n.down_kbps, n.burst_up_kbps, n.burst_down_kbps, n.burst_threshold_up_kbps, n.burst_threshold_down_kbps, n.burst_time_s, n.address_list,
         CASE n.on_quota WHEN 'throttle' THEN ROW (n.throttle_up_kbps, n.throttle_down_kbps) END, n.rules->'steps', n.rules->'week')) THEN
    NEW.plan_changed_at := lango_now();
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER subscription_note_plan BEFORE UPDATE OF plan_version_id ON subscription FOR EACH ROW
  WHEN (OLD.plan_version_id <> NEW.plan_version_id) EXECUTE FUNCTION subscription_note_plan();
