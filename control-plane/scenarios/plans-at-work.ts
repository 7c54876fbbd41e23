import { startTestFreeradius, type TestFreeradius } from '../test-kit/freeradius';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { SimulatedMikrotik, type PppoeLogin, type LoginOutcome, type Session } from '../test-kit/mikrotik';
import { makeRouter, shiftClock, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

export const MB = 1_000_000;
/** The password of every service that test-kit/story sells. */
export const password = 'open-sesame';

/**
 * What plans say, from the API to the wire: the whole of Lango in this process, the real FreeRADIUS, and a simulated MikroTik at that address. Registers its own
 * hooks: call it once, at the top of a file.
 */
export function plansAtWork({ address, secret }: { address: string; secret: string }) {
  let lango: TestLango;
  let freeradius: TestFreeradius;
  let router: SimulatedMikrotik;

  const dial = (username: string, more: Partial<PppoeLogin> = {}): Promise<LoginOutcome> =>
    router.connectPppoe({ username, password, authentication: 'mschap2', ...more });

  beforeAll(async () => {
    lango = await startTestLango({ parts: ['accounting', 'enforcer'] });
    freeradius = await startTestFreeradius({ db: lango.db });
    const row = await makeRouter(lango.api, { address, secret });
    router = await SimulatedMikrotik.start({
      identity: 'tower-plans',
      address,
      secret,
      version: '7.18',
      timeout_ms: 1000,
      automaticInterims: false,
      servers: [{ address: '127.0.0.1', authPort: freeradius.authPort, acctPort: lango.acctPort }],
    });
    await lango.api.patch(`/routers/${row['id']}`, { coa_port: router.coaPort });
    await until(
      () => dial('nobody'),
      (login) => login.kind === 'rejected',
      10_000,
    );
  });
  afterAll(async () => {
    await router?.close();
    await freeradius?.stop();
    await lango?.stop();
  });
  afterEach(() => shiftClock(lango.db, '0'));

  return {
    get lango() {
      return lango;
    },
    get router() {
      return router;
    },
    get authPort() {
      return freeradius.authPort;
    },
    dial,

    online: async (username: string, more: Partial<PppoeLogin> = {}): Promise<Session> => {
      // A new device is refused until the Stop of the one before it has been written down.
      const login = await until(
        () => dial(username, more),
        (answer) => answer.kind === 'online',
        10_000,
      );
      if (login.kind !== 'online') throw new Error('not online after all');
      return login.session;
    },

    show: async (id: string): Promise<Json> => (await lango.api.get<Json>(`/subscriptions/${id}`)).body,
  };
}

/** Download of a session in Mbit/s, as its queue stands. */
export const down = (session: Session): number => (session.entitlement.rateLimit?.down_bps ?? 0) / MB;

export const slows = (session: Session, mbps: number) =>
  until(
    () => down(session),
    (now) => now === mbps,
    10_000,
  );

export const ends = (session: Session) =>
  until(
    () => session.live,
    (live) => !live,
    10_000,
  );
