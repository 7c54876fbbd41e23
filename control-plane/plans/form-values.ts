import { DAYS, EFFECTS, hoursField, stepField, type PlanForm } from './plan-form';
import type { Package } from './schema';
import { decimalText, durationText } from './units';

/** A plan as its form shows it: what readPlan makes of these values is the plan again (a test holds them to each other). */
export function formValues(plan: Package): PlanForm {
  const mbps = (value: number | null | undefined) => decimalText(value, 3);
  const byHand = plan.profile_id === null;
  const steps = (plan.fair_use ?? []).flatMap((step, at) => [
    [stepField(at + 1, 'gb'), decimalText(step.at_bytes, 9)],
    [stepField(at + 1, 'down'), mbps(step.down_kbps)],
    [stepField(at + 1, 'up'), mbps(step.up_kbps)],
  ]);
  const hours = (plan.time_rules ?? []).flatMap((rule, at) => [
    [hoursField(at + 1, 'days'), daysWord(rule.days)],
    [hoursField(at + 1, 'from'), rule.from],
    [hoursField(at + 1, 'to'), rule.to],
    [hoursField(at + 1, 'effect'), effectWord(rule.blocked, rule.counts_percent)],
    [hoursField(at + 1, 'down'), mbps(rule.down_kbps)],
    [hoursField(at + 1, 'up'), mbps(rule.up_kbps)],
  ]);
  return {
    ...(Object.fromEntries([...steps, ...hours]) as PlanForm),
    name: plan.name,
    type: plan.type,
    price: decimalText(plan.net_cents ?? plan.price_cents, 2),
    price_taxes: plan.net_cents === null ? 'inside' : 'added',
    count: String(plan.validity.count),
    unit: plan.validity.unit,
    ends: plan.validity.ends,
    starts_on: plan.starts_on,
    profile: plan.profile_id ?? '',
    down: byHand ? mbps(plan.down_kbps) : '',
    up: byHand ? mbps(plan.up_kbps) : '',
    burst_down: byHand ? mbps(plan.burst?.down_kbps) : '',
    burst_up: byHand ? mbps(plan.burst?.up_kbps) : '',
    burst_from_down: byHand ? mbps(plan.burst?.threshold_down_kbps) : '',
    burst_from_up: byHand ? mbps(plan.burst?.threshold_up_kbps) : '',
    burst_time: byHand ? decimalText(plan.burst?.time_s, 0) : '',
    quota: decimalText(plan.quota_bytes, 9),
    on_quota: plan.on_quota,
    slow: mbps(plan.throttle_down_kbps),
    slow_up: plan.throttle_up_kbps === plan.throttle_down_kbps ? '' : mbps(plan.throttle_up_kbps),
    quota_cycle: plan.quota_cycle ?? '',
    online_hours: durationText(plan.online_s),
    grace_hours: durationText(plan.grace_s),
    contract_months: decimalText(plan.contract?.months, 0),
    contract_fee: decimalText(plan.contract?.early_fee_cents, 2),
    devices: String(plan.simultaneous_use),
    idle: durationText(plan.idle_timeout_s),
    interim: String(plan.interim_s),
    pool: plan.pool ?? '',
    address_list: plan.address_list ?? '',
    ipv6_pool: plan.ipv6_pool ?? '',
    delegated_ipv6_pool: plan.delegated_ipv6_pool ?? '',
    vlan_id: decimalText(plan.vlan_id, 0),
  };
}

/** The form's word for a set of days: one it offers, or the digits. */
export function daysWord(days: readonly number[]): string {
  const sorted = [...days].sort((a, b) => a - b).join('');
  return Object.entries(DAYS).find(([, known]) => known.join('') === sorted)?.[0] ?? `d${sorted}`;
}

function effectWord(blocked: boolean, percent: number): string {
  if (blocked) return 'blocked';
  return Object.entries(EFFECTS).find(([name, share]) => name !== 'blocked' && share === percent)?.[0] ?? `p${percent}`;
}
