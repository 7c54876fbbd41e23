import { parseDuration, type ApiOutcome, type Row } from '../../radius/routeros';

export const driftKinds = [
  'local_secret',
  'local_hotspot_user',
  'bypassed_binding',
  'static_queue',
  'fasttrack',
  'no_radius_row',
  'radius_off_ppp',
  'accounting_off_ppp',
  'no_interim',
  'radius_off_hotspot',
  'accounting_off_hotspot',
  'incoming_closed',
] as const;
export type DriftKind = (typeof driftKinds)[number];

/** One thing that goes past billing, and the commands that would end it, in the words of the API. */
export interface Drift {
  kind: DriftKind;
  /** What it is of: a local login, a MAC, the name or comment of a rule. */
  subject: string;
  /** What was seen, in RouterOS' own words. */
  detail: string;
  plan: string[][];
}

export type Checked = { kind: 'checked'; found: Drift[] } | { kind: 'failed'; why: string };

/** What is known here of the router: who is online through it, and on which addresses. */
export interface Known {
  /** IPv4 addresses of live sessions. */
  addresses: readonly string[];
  /** Where CoA goes. */
  coaPort: number;
}

type Ask = (words: readonly string[]) => Promise<ApiOutcome>;

/** Asked in this order; the first that the router refuses ends the check with its words: half a check would call gone what was not looked at. */
const MENUS = {
  secrets: ['/ppp/secret/print', '=.proplist=.id,name,service,disabled,profile,comment'],
  users: ['/ip/hotspot/user/print', '=.proplist=.id,name,server,disabled,dynamic,default,comment'],
  bindings: ['/ip/hotspot/ip-binding/print', '=.proplist=.id,mac-address,address,type,disabled,comment'],
  queues: ['/queue/simple/print', '=.proplist=.id,name,target,max-limit,disabled,dynamic'],
  filter: [
    '/ip/firewall/filter/print',
    '=.proplist=.id,chain,action,disabled,dynamic,comment,src-address,dst-address,src-address-list,dst-address-list,in-interface,out-interface,in-interface-list,out-interface-list',
    '?action=fasttrack-connection',
  ],
  radius: ['/radius/print', '=.proplist=.id,service,address,disabled'],
  incoming: ['/radius/incoming/print'],
  aaa: ['/ppp/aaa/print'],
  servers: ['/interface/pppoe-server/server/print', '=.proplist=.id,disabled'],
  hotspots: ['/ip/hotspot/print', '=.proplist=.id,name,profile,disabled'],
  profiles: ['/ip/hotspot/profile/print', '=.proplist=.id,name,use-radius,radius-accounting'],
} as const;
type Seen = Record<keyof typeof MENUS, Row[]>;

/** An interim at least every quarter of an hour: with less, what is used is known too late for a cap. */
const INTERIM_MOST_S = 900;

/** Looks through a router for whatever lets people past billing. Changes nothing. */
export async function findDrift(ask: Ask, known: Known): Promise<Checked> {
  const seen: Partial<Seen> = {};
  for (const [name, words] of Object.entries(MENUS)) {
    const outcome = await ask(words);
    if (outcome.kind !== 'done') return { kind: 'failed', why: 'message' in outcome ? outcome.message : outcome.kind };
    seen[name as keyof Seen] = outcome.rows;
  }
  const all = seen as Seen;
  return {
    kind: 'checked',
    found: [...localLogins(all), ...bypasses(all, known), ...fasttrack(all), ...radiusUse(all, known)],
  };
}

const on = (row: Row): boolean => row['disabled'] !== 'true' && row['dynamic'] !== 'true';
const id = (row: Row): string => `=.id=${row['.id'] ?? ''}`;

/** A local name shadows RADIUS: the router asks us only about names that it does not know itself. */
function localLogins({ secrets, users }: Seen): Drift[] {
  return [
    ...secrets.filter(on).map((row): Drift => ({
      kind: 'local_secret',
      subject: row['name'] ?? '',
      detail: `/ppp secret service=${row['service'] ?? 'any'} profile=${row['profile'] ?? 'default'}`,
      plan: [['/ppp/secret/disable', id(row)]],
    })),
    ...users
      .filter((row) => on(row) && row['default'] !== 'true' && !(row['name'] ?? '').startsWith('T-'))
      // Every router comes with a nameless default-trial entry; trials have names of their own (T-<MAC>).
      .filter((row) => row['name'] !== 'default-trial')
      .map((row): Drift => ({
        kind: 'local_hotspot_user',
        subject: row['name'] ?? '',
        detail: `/ip hotspot user server=${row['server'] ?? 'all'}`,
        plan: [['/ip/hotspot/user/disable', id(row)]],
      })),
  ];
}

function bypasses({ bindings, queues }: Seen, { addresses }: Known): Drift[] {
  return [
    ...bindings
      .filter((row) => on(row) && row['type'] === 'bypassed')
      .map((row): Drift => ({
        kind: 'bypassed_binding',
        subject: row['mac-address'] || row['address'] || '',
        detail: `/ip hotspot ip-binding type=bypassed ${row['comment'] ?? ''}`.trim(),
        plan: [['/ip/hotspot/ip-binding/set', id(row), '=type=regular']],
      })),
    // The first queue that fits takes the packet: one made by hand above the session's own decides the speed.
    ...queues
      .filter((row) => on(row) && addresses.some((address) => covers(row['target'] ?? '', address)))
      .map((row): Drift => ({
        kind: 'static_queue',
        subject: row['name'] ?? '',
        detail: `/queue simple target=${row['target'] ?? ''} max-limit=${row['max-limit'] ?? ''}`,
        plan: [['/queue/simple/disable', id(row)]],
      })),
  ];
}

/** FastTrack takes connections past queues: what was sold as slow is fast. Rules that leave subscribers out name an interface, a list or an address. */
function fasttrack({ filter }: Seen): Drift[] {
  const narrow = [
    'src-address',
    'dst-address',
    'src-address-list',
    'dst-address-list',
    'in-interface',
    'out-interface',
    'in-interface-list',
    'out-interface-list',
  ];
  return filter
    .filter((row) => row['action'] === 'fasttrack-connection' && on(row) && narrow.every((name) => !row[name]))
    .map((row): Drift => ({
      kind: 'fasttrack',
      subject: row['comment'] || row['.id'] || '',
      detail: `/ip firewall filter chain=${row['chain'] ?? ''} action=fasttrack-connection`,
      plan: [['/ip/firewall/filter/disable', id(row)]],
    }));
}

function radiusUse({ radius, incoming, aaa, servers, hotspots, profiles }: Seen, { coaPort }: Known): Drift[] {
  const found: Drift[] = [];
  const [ppp = {}] = aaa;
  const [coa = {}] = incoming;
  const asks = (service: string): boolean =>
    radius.some((row) => row['disabled'] !== 'true' && (row['service'] ?? '').split(',').includes(service));
  const set = (menu: string, ...args: string[]): string[][] => [[`${menu}/set`, ...args]];
  const add = (kind: DriftKind, detail: string, plan: string[][], subject = ''): void =>
    void found.push({ kind, subject, detail, plan });
  if (servers.some(on)) {
    // What is missing is the secret, which no repair can know: setting the router up anew does.
    if (!asks('ppp')) add('no_radius_row', '/radius service=ppp', [], 'ppp');
    if (ppp['use-radius'] !== 'true')
      add('radius_off_ppp', '/ppp aaa use-radius=no', set('/ppp/aaa', '=use-radius=yes'));
    if (ppp['accounting'] !== 'true')
      add('accounting_off_ppp', '/ppp aaa accounting=no', set('/ppp/aaa', '=accounting=yes'));
    const interim_s = parseDuration(ppp['interim-update']) ?? 0;
    if (interim_s === 0 || interim_s > INTERIM_MOST_S)
      add(
        'no_interim',
        `/ppp aaa interim-update=${ppp['interim-update'] ?? '0s'}`,
        set('/ppp/aaa', '=interim-update=5m'),
      );
  }
  const used = new Set(hotspots.filter(on).map((row) => row['profile']));
  if (used.size > 0 && !asks('hotspot')) add('no_radius_row', '/radius service=hotspot', [], 'hotspot');
  for (const row of profiles.filter(({ name }) => used.has(name))) {
    const name = row['name'] ?? '';
    if (row['use-radius'] !== 'true')
      add(
        'radius_off_hotspot',
        `/ip hotspot profile ${name} use-radius=no`,
        set('/ip/hotspot/profile', id(row), '=use-radius=yes'),
        name,
      );
    else if (row['radius-accounting'] === 'false')
      add(
        'accounting_off_hotspot',
        `/ip hotspot profile ${name} radius-accounting=no`,
        set('/ip/hotspot/profile', id(row), '=radius-accounting=yes'),
        name,
      );
  }
  if (coa['accept'] !== 'true' || Number(coa['port']) !== coaPort)
    add(
      'incoming_closed',
      `/radius incoming accept=${coa['accept'] ?? 'no'} port=${coa['port'] ?? ''}`,
      set('/radius/incoming', '=accept=yes', `=port=${coaPort}`),
    );
  return found;
}

/** Whether a queue's target (addresses and networks with commas between) has an address in it. */
export function covers(target: string, address: string): boolean {
  const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return target.split(',').some((one) => {
    const [base = '', bits = '32'] = one.split('/');
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(base)) return false;
    const size = 2 ** (32 - Number(bits));
    return Math.floor(number(base) / size) === Math.floor(number(address) / size);
  });
}
