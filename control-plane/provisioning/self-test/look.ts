import type { ApiOutcome, Row } from '../../../radius/routeros';
import type { Expected, Probe, Seen } from './seen';

export type Ask = (words: readonly string[]) => Promise<ApiOutcome>;
export type Looked =
  { kind: 'seen'; seen: Seen } | { kind: 'away'; word: 'unreachable' | 'silent' | 'login_refused'; said: string };

/** An address that is nobody's (RFC 5737), put on a list of ours and taken off again: whoever may do that may write. */
const HARMLESS = ['/ip/firewall/address-list/add', '=list=lango-self-test', '=address=192.0.2.1', '=timeout=1m'];

/** Asks a router everything that the self-test looks at, with one order in between. Changes nothing that stays. */
export async function look(
  ask: Ask,
  expected: Expected,
  probe: () => Promise<Probe>,
  now_ms: () => number,
): Promise<Looked> {
  const first = await ask(['/system/clock/print']);
  if (first.kind === 'unreachable' || first.kind === 'silent' || first.kind === 'login_refused')
    return { kind: 'away', word: first.kind, said: first.kind === 'unreachable' ? first.message : '' };
  const clock = first.kind === 'done' ? first.rows[0] : undefined;
  const askedAt_ms = now_ms();
  const rows = async (...words: string[]): Promise<readonly Row[]> => {
    const outcome = await ask(words);
    return outcome.kind === 'done' ? outcome.rows : [];
  };
  const one = async (...words: string[]): Promise<Row> => (await rows(...words))[0] ?? {};
  const radius = await rows('/radius/print');
  const ours = radius.find((row) => row['address'] === expected.server);
  const before = await one('/radius/incoming/monitor', '=once=');
  const answer = await probe();
  const incoming = await one('/radius/incoming/monitor', '=once=');
  const rose = (name: string): number => Number(incoming[name] ?? 0) - Number(before[name] ?? 0);
  const locals = [...(await rows('/ppp/secret/print')), ...(await rows('/ip/hotspot/user/print'))];
  const names = locals.filter((row) => row['disabled'] !== 'true').flatMap((row) => (row['name'] ? [row['name']] : []));
  return {
    kind: 'seen',
    seen: {
      clockAhead_ms: clock && aheadBy(clock, askedAt_ms),
      readRefused: first.kind === 'refused' ? first.message : undefined,
      writeRefused: await tryWriting(ask),
      radius,
      monitor: ours ? await one('/radius/monitor', `=.id=${ours['.id']}`, '=once=') : {},
      incoming: await one('/radius/incoming/print'),
      badRequests: rose('bad-requests'),
      requests: rose('requests'),
      pppAaa: await one('/ppp/aaa/print'),
      addresses: (await rows('/ip/address/print')).map((row) => (row['address'] ?? '').replace(/\/.*/, '')),
      filter: await rows('/ip/firewall/filter/print'),
      nat: await rows('/ip/firewall/nat/print'),
      hotspots: await rows('/ip/hotspot/print'),
      hotspotProfiles: await rows('/ip/hotspot/profile/print'),
      gardenHosts: await rows('/ip/hotspot/walled-garden/ip/print'),
      shadows: await expected.shadows(names),
      deviceMode: (await rows('/system/device-mode/print'))[0],
      probe: answer,
    },
  };
}

async function tryWriting(ask: Ask): Promise<string | undefined> {
  const added = await ask(HARMLESS);
  if (added.kind === 'refused') return added.message;
  const found = await ask(['/ip/firewall/address-list/print', '?list=lango-self-test']);
  for (const row of found.kind === 'done' ? found.rows : [])
    await ask(['/ip/firewall/address-list/remove', `=.id=${row['.id']}`]);
  return undefined;
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

/** How far a router's clock is ahead, by its date (`jan/02/2006`, from 7.10 on `2006-01-02`), time and distance from UTC (`+03:00`). */
export function aheadBy(clock: Row, now_ms: number): number | undefined {
  const { date = '', time = '', 'gmt-offset': offset = '+00:00' } = clock;
  const old = /^([a-z]{3})\/(\d\d)\/(\d{4})$/i.exec(date);
  const day = old
    ? `${old[3]}-${String(MONTHS.indexOf((old[1] ?? '').toLowerCase()) + 1).padStart(2, '0')}-${old[2]}`
    : date;
  const zone = /^[+-]\d\d:\d\d$/.test(offset) ? offset : 'Z';
  const at = Date.parse(`${day}T${time}${zone}`);
  return Number.isNaN(at) ? undefined : at - now_ms;
}
