import type { Log } from '../../platform/log';
import { SimulatedMikrotik } from '../../test-kit/mikrotik';
import type { Api } from './api';
import { demoSecret, people, plans, type Person } from './people';
import { apiPort, apiUser, pay, type DemoRouter } from './seed';

const redial_ms = 20_000;
const changeEvery_ms = 15_000;
const buyEvery_ms = 60_000;

export interface LiveOptions {
  api: Api;
  masterKey: Buffer;
  router: DemoRouter;
  /** Where FreeRADIUS and the listener answer. */
  server: { address: string; authPort: number; acctPort: number };
  log: Log;
}

/** The running demo. */
export interface Live {
  /** A customer's device comes up: it dials, and dials again whenever it is thrown off. */
  dial(person: Person): void;
  stop(): Promise<void>;
}

/**
 * Boots the simulated router. From then on devices come and go, move more and less traffic, and
 * hotspot customers whose time is over buy again. What the console shows of them is measured, not made up.
 */
export async function startLive(o: LiveOptions): Promise<Live> {
  const router = await SimulatedMikrotik.start({
    identity: 'kilimani',
    address: o.router.address,
    secret: demoSecret(o.masterKey, 'router'),
    version: '7.18',
    servers: [o.server],
    incoming: { port: o.router.coa_port },
    api: { port: apiPort, users: [apiUser(o.masterKey)] },
    pppoe: { serviceName: 'savanna', dialsInFlight: 4 },
    seed: Date.now() % 2 ** 31,
  });
  router.events.on((event) => {
    if (event.kind === 'login' && event.outcome.kind !== 'online')
      o.log.info({ username: event.username, outcome: event.outcome }, 'a device of the demo is not online');
  });
  const carry = carrying(router);
  const timers = [
    setInterval(() => {
      carry();
      stir(router, o);
    }, changeEvery_ms),
    setInterval(
      () => void buyAgain(o).catch((error: unknown) => o.log.warn({ err: error }, 'the demo could not buy')),
      buyEvery_ms,
    ),
  ];
  return {
    dial: (person) => void dial(router, person, o.masterKey),
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await Promise.race([router.shutdown(), new Promise((late) => setTimeout(late, 3000))]);
      await router.close();
    },
  };
}

async function dial(router: SimulatedMikrotik, person: Person, masterKey: Buffer): Promise<void> {
  const login = {
    username: person.username,
    password: demoSecret(masterKey, person.username),
    mac: macOf(person),
    traffic: appetite(person),
    redial_ms,
  };
  if (person.service === 'pppoe') await router.connectPppoe(login);
  else await router.connectHotspot(login);
}

/** Some change what they do, and now and then one leaves and comes back. */
function stir(router: SimulatedMikrotik, o: LiveOptions): void {
  for (const session of router.sessions) {
    const person = people.find((p) => p.username === session.username);
    if (person && Math.random() < 0.3) session.setTraffic(appetite(person));
  }
  const leaving = router.sessions[Math.floor(Math.random() * router.sessions.length)];
  const person = people.find((p) => p.username === leaving?.username);
  if (!leaving || !person || Math.random() < 0.5) return;
  void leaving.logout();
  setTimeout(() => void dial(router, person, o.masterKey), 10_000 + Math.random() * 40_000).unref();
}

/** Gives the router's interfaces and processor what its sessions moved since the last time: the uplink (ether1) and the customers' side (ether2). */
function carrying(router: SimulatedMikrotik): () => void {
  let before = new Map<object, { up: number; down: number }>();
  return () => {
    const now = new Map(router.sessions.map((session) => [session, counted(session.counters)]));
    const moved = { up: 0, down: 0 };
    for (const [session, { up, down }] of now) {
      moved.up += up - (before.get(session)?.up ?? 0);
      moved.down += down - (before.get(session)?.down ?? 0);
    }
    before = now;
    const [up_bps, down_bps] = [moved.up, moved.down].map((octets) => Math.round((octets * 8000) / changeEvery_ms));
    const { interfaces, system } = router.config;
    interfaces.setTraffic('ether1', { rx_bps: down_bps ?? 0, tx_bps: up_bps ?? 0 });
    interfaces.setTraffic('ether2', { rx_bps: up_bps ?? 0, tx_bps: down_bps ?? 0 });
    system.cpuLoad = Math.min(95, Math.round(2 + now.size * 0.3 + (down_bps ?? 0) / 2e6));
    system.temperature_c = Math.round(36 + system.cpuLoad / 6);
  };
}

const counted = ({ up, down }: { up: bigint; down: bigint }) => ({ up: Number(up), down: Number(down) });

/** What a household moves: mostly little, sometimes most of its line. */
function appetite(person: Person): { up_bps: number; down_bps: number } {
  const plan = plans.find((p) => p.name === person.plan);
  const share = Math.random() ** 3;
  return {
    up_bps: Math.round((plan?.up_kbps ?? 1000) * 300 * share),
    down_bps: Math.round((plan?.down_kbps ?? 1000) * 900 * share),
  };
}

/** At most one hotspot customer a minute whose time or data is over pays again; their device is online at its next try. */
async function buyAgain(o: LiveOptions): Promise<void> {
  const subscriptions = await o.api.all<{ id: string; username: string; state: string }>('subscriptions');
  for (const { id, username, state } of subscriptions) {
    const person = people.find((p) => p.username === username);
    if (person?.service === 'hotspot' && (state === 'expired' || state === 'capped')) return pay(o.api, id, person);
  }
}

function macOf(person: Person): string {
  const n = people.indexOf(person);
  return `02:4C:41:4E:47:${n.toString(16).padStart(2, '0').toUpperCase()}`;
}
