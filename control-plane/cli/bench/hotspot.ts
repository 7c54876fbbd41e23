import { loadavg, tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { embeddedBinaries } from '../../platform/postgres/binaries';
import { projectRoot } from '../../platform/project-root';
import { scenarios, startDaraja, type Push, type SimulatedDaraja } from '../../test-kit/daraja';
import { Hotspot, SimulatedMikrotik, type Device } from '../../test-kit/mikrotik';
import { phoneAt } from '../../test-kit/phone';
import { make, makePackage, unique, type Json } from '../../test-kit/story';
import { startProduct, type Product } from '../prove/product';
import { openAccount } from './payments/town';
import { commit, machine } from './report';

export interface HotspotBenchOptions {
  /** Guests who buy, each on a device of their own; 250 at most, as one address sends no more forms at once. */
  guests: number;
  routers: number;
  /** Callbacks a second. */
  rate_per_s: number;
  progress: (line: string) => void;
}

export interface HotspotReport {
  at: string;
  commit: string;
  machine: ReturnType<typeof machine>;
  load: [before: number, after: number];
  guests: number;
  routers: number;
  rate_per_s: number;
  /** From the moment the provider calls until the row of /ip/hotspot/active stands at the router; sorted. */
  online_ms: number[];
  /** What the rows say otherwise than they must; nothing may be. */
  differences: string[];
}

const LONGEST_MS = 60_000;

/** `npm run bench -- --only hotspot [--guests N] [--routers N] [--rate N]`. */
export function readHotspot(value: (name: string) => string | undefined): Omit<HotspotBenchOptions, 'progress'> {
  return {
    guests: Math.min(250, Number(value('--guests') ?? 200)),
    routers: Number(value('--routers') ?? 5),
    rate_per_s: Number(value('--rate') ?? 10),
  };
}

interface Guest {
  device: Device;
  msisdn: string;
}

/**
 * The whole product with its own durable Postgres and FreeRADIUS, a simulated M-Pesa and simulated routers: guests buy through the shop's pages, their sheets close, the provider calls,
 * and their devices come online by the API of their router and its question to RADIUS.
 */
export async function runHotspot(o: HotspotBenchOptions): Promise<HotspotReport> {
  const before = loadavg()[0] ?? 0;
  const daraja = await startDaraja({});
  const undo: (() => Promise<unknown>)[] = [() => daraja.stop()];
  try {
    o.progress('starting Lango with a Postgres of its own (fsync on)');
    const product = await startProduct({ LANGO_DARAJA_URL: daraja.baseUrl, LANGO_PUBLIC_URL: 'http://isp.example' });
    undo.push(() => product.stop());
    await openAccount(product, daraja);
    const spots = [];
    for (let n = 1; n <= o.routers; n += 1) {
      const spot = await openSpot(product, n);
      undo.push(() => spot.close());
      spots.push(spot);
    }
    const site = await openSite(product, spots);
    o.progress(`${o.guests} guests join at ${o.routers} routers and buy`);
    const guests: Guest[] = [];
    for (let n = 0; n < o.guests; n += 1)
      guests.push(await buyAs(product, daraja, { site, spot: spots[n % spots.length]!, n }));
    const pushes = await allPushed(daraja, guests);
    o.progress(`${o.rate_per_s} callbacks a second`);
    const online_ms = await callAll(daraja, guests, pushes, o.rate_per_s);
    return {
      at: new Date().toISOString(),
      commit: commit(projectRoot()),
      machine: machine(embeddedBinaries(undefined, tmpdir()).version),
      load: [before, loadavg()[0] ?? 0],
      guests: o.guests,
      routers: o.routers,
      rate_per_s: o.rate_per_s,
      online_ms: online_ms.sort((a, b) => a - b),
      differences: await differences(product, guests),
    };
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

interface Spot {
  id: string;
  hotspot: Hotspot;
  close(): Promise<void>;
}

/** A router with a hotspot as the console's script sets it up, known to Lango with its API. */
async function openSpot({ api, authPort, acctPort }: Product, n: number): Promise<Spot> {
  const [user, address, secret] = [
    { name: 'lango', password: 'api-word' },
    `127.94.${process.pid % 250}.${n}`,
    unique('radius'),
  ];
  const router = await SimulatedMikrotik.start({
    identity: `bench-${n}`,
    version: '7.18',
    api: { users: [user] },
    timeout_ms: 5_000,
    accountingOn: false,
    automaticInterims: false,
    servers: [{ address: '127.0.0.1', authPort, acctPort }],
    address,
    secret,
  });
  const told = { name: router.identity, address, secret, type: 'mikrotik', coa_port: router.coaPort };
  const made = await make(api, '/routers', told);
  const keys = { api_username: user.name, api_password: user.password, api_port: router.api.port };
  const changed = await api.patch<Json>(`/routers/${made['id']}`, keys);
  if (changed.status !== 200) throw new Error(`the router answered ${changed.status}: ${JSON.stringify(changed.body)}`);
  await router.config.run('/ip/hotspot/profile/set', {
    '.id': 'default',
    'hotspot-address': '10.65.0.1',
    'use-radius': 'yes',
    'login-by': 'mac,cookie,http-chap,http-pap,mac-cookie',
  });
  await router.config.run('/ip/hotspot/add', { interface: 'ether3', disabled: 'no' });
  const hotspot = new Hotspot(router);
  const close = async (): Promise<void> => {
    await hotspot.close();
    await router.close();
  };
  return { id: String(made['id']), hotspot, close };
}

async function openSite({ api }: Product, spots: Spot[]): Promise<Json> {
  const hour = await makePackage(api, {
    name: 'Hour 20',
    type: 'hotspot',
    currency: 'KES',
    price_cents: 2_000,
    validity: { count: 1, unit: 'hour' },
  });
  return make(api, '/sites', {
    name: 'Bench',
    package_ids: [hour['id']],
    router_ids: spots.map(({ id }) => id),
  });
}

/** As the login page leads to the shop; what is shown there is sent as a browser without scripts does. */
async function buyAs(
  { baseUrl }: Product,
  daraja: SimulatedDaraja,
  { site, spot, n }: { site: Json; spot: Spot; n: number },
): Promise<Guest> {
  const hex = (part: number): string => part.toString(16).padStart(2, '0').toUpperCase();
  const device = await spot.hotspot.join({
    mac: `02:F4:00:00:${hex(n >> 8)}:${hex(n & 255)}`,
    address: `10.65.${1 + (n >> 7)}.${1 + (n & 127)}`,
  });
  const phone = `0713${String(n).padStart(6, '0')}`;
  const msisdn = `254${phone.slice(1)}`;
  daraja.script(scenarios.nothing, msisdn);
  const guest = phoneAt(baseUrl);
  const { mac, address } = device;
  await guest.open(`/hotspot/${site['slug']}?mac=${encodeURIComponent(mac)}&ip=${address}&router=${spot.id}`);
  const page = await guest.send('/buy', { phone, way: 'mpesa' });
  if (!page.path.includes('/pass/')) throw new Error(`guest ${n} was answered ${page.status} at ${page.path}`);
  return { device, msisdn };
}

async function allPushed(daraja: SimulatedDaraja, guests: Guest[]): Promise<Push[]> {
  for (const end = Date.now() + 10 * LONGEST_MS; Date.now() < end; await sleep(100)) {
    const found = guests.map(({ msisdn }) => daraja.pushes.find((one) => one.msisdn === msisdn));
    if (found.every((one) => one !== undefined)) return found;
  }
  throw new Error('not every phone was prompted within ten minutes');
}

/** Pays for each in turn at the rate, and waits for its device. A device that is not online in a minute counts as a minute. */
async function callAll(
  daraja: SimulatedDaraja,
  guests: Guest[],
  pushes: Push[],
  rate_per_s: number,
): Promise<number[]> {
  const from = performance.now();
  return Promise.all(
    guests.map(async ({ device }, n) => {
      await sleep(Math.max(0, from + (n * 1000) / rate_per_s - performance.now()));
      const since = performance.now();
      const answered = daraja.callback(daraja.pay(pushes[n]!));
      while (!device.online && performance.now() - since < LONGEST_MS) await sleep(2);
      const took = performance.now() - since;
      await answered;
      return took;
    }),
  );
}

/** Each guest has one device bound to one service that runs, one settled payment, one proven login, one open session; the ledger agrees with itself. */
async function differences(product: Product, guests: Guest[]): Promise<string[]> {
  const macs = guests.map(({ device }) => device.mac);
  const look = async (): Promise<string[]> =>
    (
      await product.ask<{ what: string }>(
        `SELECT m || ': ' || wrong AS what FROM unnest($1::text[]) m
         LEFT JOIN hotspot_device d ON d.mac = m
         CROSS JOIN LATERAL (VALUES
           ((SELECT count(*) FROM hotspot_device x WHERE x.mac = m), 'devices'),
           ((SELECT count(*) FROM payment p WHERE p.subscription_id = d.subscription_id AND p.state = 'settled'), 'settled payments'),
           ((SELECT count(*) FROM subscription_now n WHERE n.id = d.subscription_id AND n.state = 'active'), 'services that run'),
           ((SELECT count(*) FROM enforcement e WHERE e.subscription_id = d.subscription_id AND e.kind = 'login' AND e.state = 'proven'), 'proven logins'),
           ((SELECT count(*) FROM session_live l WHERE l.mac = m AND l.stopped_at IS NULL), 'sessions')) AS v (there, name)
         CROSS JOIN LATERAL (SELECT v.there || ' ' || v.name AS wrong) w WHERE v.there <> 1
         UNION ALL SELECT 'ledger: ' || problem FROM ledger_verify()`,
        [macs],
      )
    ).map(({ what }) => what);
  // The accounting of the last ones may still be on its way.
  for (const end = Date.now() + 30_000; ; await sleep(500)) {
    const found = await look();
    if (found.length === 0 || Date.now() > end) return found;
  }
}

/** The figure below which that part of the sorted ones lies. */
export const share = (sorted: number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? NaN;

/** Whether every row is as it must be. */
export const hotspotHolds = ({ differences: wrong }: HotspotReport): boolean => wrong.length === 0;

export function renderHotspot(report: HotspotReport): string {
  const { guests, routers, rate_per_s, online_ms, load } = report;
  const ms = (part: number): string => `${Math.round(share(online_ms, part))} ms`;
  return [
    `Callback to online (${report.commit}, load ${load[0]} to ${load[1]}): ${guests} guests at ${routers} routers, ${rate_per_s} callbacks a second`,
    `p50 ${ms(0.5)}, p95 ${ms(0.95)}, slowest ${ms(1)}`,
    report.differences.length === 0
      ? 'Every row is as it must be.'
      : ['THE ROWS DIFFER:', ...report.differences.slice(0, 20)].join('\n'),
  ].join('\n');
}
