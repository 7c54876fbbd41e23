import type { Session } from '../../test-kit/mikrotik';
import { stopwatch } from '../../test-kit/stopwatch';
import { make, unique, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import { startWhole, type KnownRouter, type Whole } from '../../test-kit/whole';

/** The whole product with one router for a file, and what its tests do over and over. Registers its own hooks: call it once, at the top of a file. */
export function wholeWithRouter() {
  let lango: Whole;
  let router: KnownRouter;
  beforeAll(async () => {
    lango = await startWhole();
    router = await lango.addRouter();
  }, 90_000);
  afterAll(() => lango?.stop(), 30_000);

  const password = 'open-sesame';
  const sleepUntil = (at_ms: number) => new Promise((resolve) => setTimeout(resolve, at_ms - Date.now()));
  const show = async (sub: Json): Promise<Json> => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
  const post = async (path: string, body?: unknown): Promise<Json> => {
    const answer = await lango.api.post<Json>(path, body);
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const pay = (sub: Json, amount_cents = 10_000) =>
    make(lango.api, '/billing/transactions', {
      subscription_id: sub['id'],
      amount_cents,
      method: 'cash',
      reference: unique('slip'),
    });

  /** A subscriber's device dials: always the same one. */
  async function online(sub: Json, at = router): Promise<Session> {
    const mac = `02:00:00:00:${hex(Number(sub['id']) >> 8)}:${hex(Number(sub['id']))}`;
    const login = await at.device.connectPppoe({ username: sub['username'] as string, password, mac });
    if (login.kind !== 'online') throw new Error(`${sub['username']}: ${JSON.stringify(login)}`);
    return login.session;
  }

  const hex = (byte: number): string => (byte & 255).toString(16).padStart(2, '0').toUpperCase();

  /** A router that does not keep limits by itself, so that only Lango ends the session. */
  async function limitless(sub: Json, at = router): Promise<Session> {
    const session = await online(sub, at);
    session.change({ totalLimit_bytes: 0n, sessionTimeout_s: 0 });
    return session;
  }

  const told = async (sub: Json): Promise<Json[]> =>
    (await lango.api.get<{ items: Json[] }>(`/enforcements?subscription_id=${sub['id']}`)).body.items;

  /** The newest enforcement of a subscription once it has this state, read by its id. */
  async function enforced(sub: Json, state: string, timeout_ms = 20_000): Promise<Json> {
    const items = await until(
      () => told(sub),
      ([newest]) => newest?.['state'] === state,
      timeout_ms,
    );
    return (await lango.api.get<Json>(`/enforcements/${items[0]?.['id']}`)).body;
  }

  /** Posts something and gives how long after its answer a CoA or Disconnect of this session was on the wire, in ms (see stopwatch). */
  async function onWire(session: Session, request: string, work: () => Promise<unknown>, at = router): Promise<number> {
    const since = at.device.events.position;
    let sinceAnswer: (() => number) | undefined;
    const seen = at.device.events
      .waitFor('coa', (event) => event.session === session && event.request === request, { since, timeout_ms: 30_000 })
      .then(() => sinceAnswer?.() ?? 0);
    const answered = work().then(() => {
      sinceAnswer = stopwatch();
    });
    const [wait_ms] = await Promise.all([seen, answered]);
    return wait_ms;
  }

  return {
    get lango() {
      return lango;
    },
    get router() {
      return router;
    },
    password,
    sleepUntil,
    show,
    post,
    pay,
    online,
    limitless,
    told,
    enforced,
    onWire,
  };
}
