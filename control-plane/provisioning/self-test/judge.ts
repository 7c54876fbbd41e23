import type { Row } from '../../../radius/routeros';
import type { Check, Expected, Seen } from './seen';

/** More than this and validities by the router's clock, and its log, are of no use. */
const CLOCK_MAX_MS = 60_000;

type Verdict = Omit<Check, 'name'>;
const pass = (word: string, values?: Record<string, string>): Verdict => ({
  outcome: 'pass',
  word,
  ...(values && { values }),
});
const fail = (word: string, values?: Record<string, string>): Verdict => ({
  outcome: 'fail',
  word,
  ...(values && { values }),
});
const unknown = (word: string): Verdict => ({ outcome: 'unknown', word });

const enabled = (row: Row): boolean => row['disabled'] !== 'true';
const yes = (text: string | undefined): boolean => text === 'true' || text === 'yes';

/** What a router that answered comes to. Pure: everything it needs was asked before. */
export function judge(expected: Expected, seen: Seen): Check[] {
  const row = seen.radius.find((one) => enabled(one) && one['address'] === expected.server);
  return [
    { name: 'reachable', ...pass('reachable') },
    { name: 'rights', ...rights(seen) },
    { name: 'clock', ...clock(seen) },
    { name: 'radius', ...radius(expected, seen, row) },
    { name: 'secret', ...secret(expected, seen) },
    { name: 'login', ...login(expected, seen) },
    { name: 'accounting', ...accounting(expected, seen) },
    { name: 'orders', ...orders(expected, seen, row) },
    { name: 'fasttrack', ...fasttrack(seen) },
    { name: 'shadow', ...shadow(seen) },
    { name: 'garden', ...garden(expected, seen) },
    { name: 'device_mode', ...deviceMode(seen) },
  ];
}

function rights({ readRefused, writeRefused }: Seen): Verdict {
  if (readRefused !== undefined) return fail('may_not_read', { said: readRefused });
  return writeRefused === undefined ? pass('may_all') : fail('may_not_write', { said: writeRefused });
}

function clock({ clockAhead_ms }: Seen): Verdict {
  if (clockAhead_ms === undefined) return unknown('clock_unread');
  const seconds = String(Math.round(Math.abs(clockAhead_ms) / 1000));
  return Math.abs(clockAhead_ms) <= CLOCK_MAX_MS ? pass('clock_right', { seconds }) : fail('clock_off', { seconds });
}

function radius(expected: Expected, seen: Seen, row: Row | undefined): Verdict {
  if (!row) return fail('no_radius', { server: expected.server });
  const services = (row['service'] ?? '').split(',');
  if (!services.includes('ppp') && !services.includes('hotspot')) return fail('no_service');
  const source = row['src-address'] ?? '';
  const own = source !== '' && source !== '0.0.0.0' && source !== '::' ? source : undefined;
  if (own === expected.address) return pass('radius_right', { server: expected.server });
  if (own !== undefined) return fail('other_source', { source: own, address: expected.address });
  // Without one the router takes the address of the way out: the right one only where it has no other.
  const ambiguous = seen.addresses.includes(expected.address) && seen.addresses.length > 1;
  return ambiguous || expected.tunnel
    ? fail('no_source', { address: expected.address })
    : pass('radius_right', { server: expected.server });
}

function secret(expected: Expected, seen: Seen): Verdict {
  if (seen.probe.kind === 'answered') return pass('secret_agrees');
  const wrong = expected.secretWrongAt;
  const heardSince = expected.accessAt !== null && (wrong === null || expected.accessAt > wrong);
  if (seen.probe.kind === 'not_believed' || seen.badRequests > 0 || (wrong !== null && !heardSince))
    return fail('secret_differs');
  return heardSince ? pass('secret_agrees') : unknown('secret_unproven');
}

const after = (at: Date | null, since: Date | null): boolean => at !== null && (since === null || at >= since);

function login(expected: Expected, { pppAaa, hotspots, hotspotProfiles, monitor }: Seen): Verdict {
  const profiles = new Set(hotspots.filter(enabled).map((one) => one['profile']));
  const deaf = hotspotProfiles.find((one) => profiles.has(one['name']) && !yes(one['use-radius']));
  if (deaf) return fail('hotspot_local', { profile: deaf['name'] ?? '' });
  if (!yes(pppAaa['use-radius'])) return fail('ppp_local');
  if (after(expected.accessAt, expected.since)) return pass('login_seen');
  const answered = Number(monitor['accepts'] ?? 0) + Number(monitor['rejects'] ?? 0);
  return Number(monitor['timeouts'] ?? 0) > 0 && answered === 0 ? fail('login_unanswered') : unknown('login_unseen');
}

function accounting(expected: Expected, { pppAaa, hotspots, hotspotProfiles }: Seen): Verdict {
  const profiles = new Set(hotspots.filter(enabled).map((one) => one['profile']));
  const silent = hotspotProfiles.some((one) => profiles.has(one['name']) && !yes(one['radius-accounting']));
  if (silent || !yes(pppAaa['accounting'])) return fail('accounting_off');
  return after(expected.accountingAt, expected.since) ? pass('accounting_seen') : unknown('accounting_unseen');
}

function orders(expected: Expected, seen: Seen, row: Row | undefined): Verdict {
  if (seen.probe.kind === 'answered') return pass('orders_obeyed');
  const { incoming } = seen;
  const port = String(expected.coaPort);
  if (!yes(incoming['accept'])) return fail('orders_off', { port });
  if (incoming['port'] !== port) return fail('orders_port', { port, is: incoming['port'] ?? '' });
  if (!row) return fail('orders_from_stranger', { server: expected.server });
  if (seen.badRequests > 0 || seen.probe.kind === 'not_believed') return fail('orders_not_believed');
  return fail('orders_blocked', { port, server: expected.server });
}

/** A rule that is limited to some is the operator's own thought. */
const LIMITS = /^(src-|dst-|in-|out-|connection-mark|packet-mark|routing-mark|ipsec-policy|hotspot)/;

function fasttrack({ filter }: Seen): Verdict {
  const open = filter.find(
    (rule) =>
      rule['action'] === 'fasttrack-connection' &&
      enabled(rule) &&
      !Object.entries(rule).some(([name, value]) => LIMITS.test(name) && value !== ''),
  );
  return open ? fail('fasttrack_all', { comment: open['comment'] || '–' }) : pass('fasttrack_none');
}

function shadow({ shadows }: Seen): Verdict {
  return shadows.length === 0
    ? pass('shadow_none')
    : fail('shadowed', { names: shadows.slice(0, 5).join(', '), count: String(shadows.length) });
}

function garden({ payHost }: Expected, { filter, nat, hotspots, gardenHosts }: Seen): Verdict {
  const expired = (rows: readonly Row[]) => rows.some((row) => enabled(row) && row['src-address-list'] === 'expired');
  if (!expired(filter) || !expired(nat)) return fail('garden_none');
  if (!hotspots.some(enabled)) return pass('garden_there');
  const open = gardenHosts.some(
    (row) => enabled(row) && (row['dst-host'] === payHost || row['dst-address'] === payHost),
  );
  return open ? pass('garden_there') : fail('garden_hotspot', { host: payHost });
}

function deviceMode({ deviceMode: mode }: Seen): Verdict {
  if (!mode) return pass('mode_free');
  const shut = ['hotspot', 'fetch', 'scheduler'].filter(
    (feature) => mode[feature] === 'false' || mode[feature] === 'no',
  );
  return shut.length === 0 ? pass('mode_free') : fail('mode_shut', { features: shut.join(', ') });
}
