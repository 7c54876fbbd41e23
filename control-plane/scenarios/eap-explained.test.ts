import { checksOf } from '../access/checks';
import { explainAccess, type AccessQuestion, type Explained } from '../access/explain-access';
import { listTries, type TryRow } from '../access/queries';
import { decisionOf, questionOf } from '../access/replay';
import type { Context } from '../platform/context';
import { eapolTest, OpensslAuthority, type EapolInput, type EapolOutcome } from '../test-kit/eapol';
import { until } from '../test-kit/until';
import { readerOf } from '../ui';
import { createAccessWorld, deviceOf, homeRouter, type AccessWorld, type SubscriptionInput } from './access-world';

// "Why can't they connect?" of 802.1X: what FreeRADIUS answered a real device is what is told of the recorded try.

jest.setTimeout(60_000);

const authority = new OpensslAuthority();
const device = '48:A9:8A:00:00:09';
const closedAt = '127.67.0.2';
let closedTenant: string;
let world: AccessWorld;
let ctx: Context;

beforeAll(async () => {
  const server = authority.issue({ name: 'radius.test', use: 'serverAuth' });
  world = await createAccessWorld(undefined, {
    chain: server.certificate,
    key: server.key,
    clientAuthorities: authority.certificate,
  });
  ctx = contextOf(world);
  closedTenant = await world.addTenant('Closed');
  await world.sql(`UPDATE tenant SET status = 'suspended' WHERE id = $1`, [closedTenant]);
  await world.addRouter({ address: closedAt, tenantId: closedTenant });
  await until(
    () => world.ask({ username: 'nobody', from: closedAt, timeout_ms: 200 }),
    ({ code }) => code === 'reject',
  );
});
afterAll(async () => {
  await world.end();
  authority.remove();
});

/** What the module access needs of one: its questions go over the world's own connection. */
function contextOf(from: AccessWorld): Context {
  const $queryRaw = (text: TemplateStringsArray, ...values: unknown[]) =>
    from.sql(
      text.reduce((all, part, n) => `${all}$${n}${part}`),
      values,
    );
  return { now: new Date(), tx: { $queryRaw } } as unknown as Context;
}

type Device = Partial<EapolInput>;

function signIn(o: Device & Pick<EapolInput, 'method' | 'identity'>): Promise<EapolOutcome> {
  const { authPort } = world.freeradius;
  const to = { authPort, from: homeRouter.address, secret: homeRouter.secret, ca: authority.certificate };
  // Each name from a device of its own, so that no test looks like one device guessing names.
  return eapolTest({ ...to, outside: o.identity, mac: deviceOf(o.identity), ...o });
}

/** A certificate of this authority; the database knows it as this subscription's where one is given. */
async function certificate(name: string, id?: string, days?: number): Promise<Device & { serial: string }> {
  const made = authority.issue({ name, use: 'clientAuth', days });
  if (id !== undefined) await give(made.serial, id, days);
  return made;
}

async function give(serial: string, id: string, days = 7): Promise<void> {
  await world.sql(
    `INSERT INTO certificate (tenant_id, subscription_id, serial, name, not_after)
     SELECT tenant_id, id, $2, 'laptop', now() + make_interval(days => $3) FROM subscription WHERE id = $1`,
    [id, serial, days],
  );
}

async function explain(question: AccessQuestion, tenant = world.tenantId): Promise<Explained> {
  await world.sql(`SELECT set_config('lango.tenant', $1, false)`, [tenant]);
  const outcome = await explainAccess(ctx, question);
  if (outcome.kind !== 'explained') throw new Error(outcome.kind);
  return outcome.explained;
}

/** The last try of that login, once it is written down. */
async function lastTry(username: string, reason: string, tenant = world.tenantId): Promise<TryRow> {
  await world.sql(`SELECT set_config('lango.tenant', $1, false)`, [tenant]);
  const rows = await until(
    () => listTries(ctx, { username, all: true, days: 1, limit: 1 }),
    ([row]) => row?.reason === reason,
    10_000,
  );
  return rows[0] as TryRow;
}

const reader = readerOf({ locale: 'en', zone: 'UTC', nowMs: Date.now(), currency: '' });
const checks = (told: Explained) =>
  checksOf(told, { ...reader, t: (key, params) => `${key} ${JSON.stringify(params ?? {})}` });
const stopOf = (told: Explained) => checks(told).find(({ outcome }) => outcome === 'stop');

/** Holds what is told of the recorded try to what the device was answered. */
async function sameAgain(outcome: EapolOutcome, username: string, reason: string, tenant?: string): Promise<Explained> {
  const row = await lastTry(username, reason, tenant);
  const told = await explain(questionOf(row), tenant);
  expect({ decision: told.decision, reason: told.reason, answered: told.answered }).toEqual({
    decision: outcome.kind === 'success' ? 'accept' : 'reject',
    reason,
    answered: true,
  });
  expect(decisionOf(row)).toBe(told.decision);
  expect(told.facts.service).toBe('dot1x');
  if (outcome.kind === 'success') return told;
  // The method's own word, which is no customer's to read.
  expect([...outcome.reply.keys()].sort((a, b) => a - b)).toEqual([79, 80]);
  expect(told.reply).toEqual([]);
  expect(told.remedy).not.toBeNull();
  return told;
}

/** Why a customer of a PPPoE plan is turned away: what stands in the database, and what their device does. */
interface Case {
  given?: Omit<SubscriptionInput, 'username'>;
  after?: (id: string) => Promise<unknown>;
  device?: Device;
}
const always = (rule: object) => JSON.stringify([{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00', ...rule }]);
const cases: Record<string, Case> = {
  unpaid: { given: { status: 'pending' } },
  expired: { given: { expiresIn_s: -60 } },
  capped: { given: { usedBytes: 2000, plan: { quota_bytes: 1000 } } },
  time_used_up: {
    given: { plan: { online_s: 60 } },
    after: (id) => world.sql('UPDATE usage_cycle SET seconds = 61 WHERE subscription_id = $1', [id]),
  },
  outside_hours: { given: { plan: { time_rules: always({ blocked: true }) } } },
  suspended: { given: { status: 'suspended' } },
  paused: { given: { status: 'paused' } },
  wrong_mac: { given: { macLock: device } },
  too_many_sessions: { after: (id) => world.addSession(id, { mac: device }) },
  ended: { given: { status: 'ended' } },
  two_devices: { device: { attributes: [`31:s:${device}`, '31:s:02-00-00-00-00-05'] } },
  company_closed: { device: { from: closedAt } },
};
/** Those that only one way of signing in can have, or that need more; each has a test of its own below. */
const others = ['unknown_user', 'wrong_password', 'too_many_tries', 'no_tunnel', 'unknown_certificate'];
/** Those of requests that are no 802.1X. */
const never = ['unsupported_method', 'unknown_router', 'unsigned_request', 'unsigned_proxy'];

test('every reason to refuse has a case here', async () => {
  const rows = await world.sql<{ code: string }>(
    `SELECT code FROM access_reasons() WHERE decision <> 'accept' ORDER BY code`,
  );
  expect([...Object.keys(cases), ...others, ...never].sort()).toEqual(rows.map(({ code }) => code).sort());
});

const methods = ['peap-mschapv2', 'ttls-pap', 'tls'] as const;
const told_as = { 'peap-mschapv2': 'peap', 'ttls-pap': 'ttls', tls: 'tls' } as const;

describe.each(methods)('%s', (method) => {
  test.each(Object.entries(cases))('%s is told as it was answered', async (reason, { given, after, device: how }) => {
    const username = `${reason}-${method}`;
    const tenantId = reason === 'company_closed' ? closedTenant : world.tenantId;
    const id = await world.addSubscription({ username, tenantId, ...given });
    await after?.(id);
    const own = method === 'tls' ? await certificate(username, id) : {};
    const outcome = await signIn({ method, identity: username, ...own, ...how });
    const told = await sameAgain(outcome, username, reason, tenantId);
    expect(told.facts.method).toBe(told_as[method]);
    expect(checks(told).filter(({ name }) => ['tunnel', 'certificate', 'password'].includes(name))).toMatchObject([
      { name: 'tunnel', outcome: 'pass', detail: 'access.tunnel_made {}' },
      { name: method === 'tls' ? 'certificate' : 'password' },
    ]);
  });

  test('a customer who is let in is told with the name inside', async () => {
    const username = `in-${method}`;
    const id = await world.addSubscription({ username });
    const own = method === 'tls' ? await certificate(username, id) : {};
    const outcome = await signIn({ method, identity: username, ...own, outside: 'anonymous' });
    const told = await sameAgain(outcome, username, 'active');
    expect(told.reply[0]).toEqual({ attribute: 'User-Name', value: username });
    const names = told.reply.map(({ attribute }) => attribute);
    expect(outcome.reply.has(12)).toBe(false);
    expect(names).not.toContain('Framed-MTU');
    for (const [name, number] of [
      ['Class', 25],
      ['Session-Timeout', 27],
      ['Acct-Interim-Interval', 85],
    ] as const)
      expect([names.includes(name), outcome.reply.has(number)]).toEqual([true, true]);
  });
});

test('a PPPoE plan that ended is no walled garden by 802.1X, and is one by PPPoE', async () => {
  await world.addSubscription({ username: 'both-ways', expiresIn_s: -60 });
  await sameAgain(await signIn({ method: 'peap-mschapv2', identity: 'both-ways' }), 'both-ways', 'expired');
  expect((await world.ask({ username: 'both-ways', signed: true })).reply['Mikrotik-Address-List']).toBe('expired');
  const row = await until(
    () => lastTry('both-ways', 'expired'),
    (found) => found.reply === 'Access-Accept',
  );
  expect(await explain(questionOf(row))).toMatchObject({ decision: 'garden', reason: 'expired' });
  // A DHCP server names no service: the plan's own kind is not put in its place.
  await world.ask({ username: 'both-ways', service: 'dhcp', signed: true });
  const dhcp = await until(
    () => lastTry('both-ways', 'expired'),
    (found) => found.service_type === null,
  );
  expect(await explain(questionOf(dhcp))).toMatchObject({ decision: 'reject', facts: { service: 'none' } });
});

test.each(['peap-mschapv2', 'ttls-pap', 'ttls-mschapv2', 'ttls-chap'] as const)(
  '%s: a wrong password stays wrong until another is set; an unknown name is told as such',
  async (method) => {
    const identity = `wrong-${method}`;
    const id = await world.addSubscription({ username: identity });
    const outcome = await signIn({ method, identity, password: 'not-sesame' });
    expect(stopOf(await sameAgain(outcome, identity, 'wrong_password'))?.name).toBe('password');
    const row = await lastTry(identity, 'wrong_password');
    const set = (password: string) => world.sql('SELECT radius_set_password($1, $2)', [id, password]);
    await set('sesame');
    expect(await explain(questionOf(row))).toMatchObject({ decision: 'reject', reason: 'wrong_password' });
    await set('not-sesame');
    const told = await explain(questionOf(row));
    expect(told).toMatchObject({ decision: 'accept', reason: 'active' });
    expect(checks(told).find(({ name }) => name === 'password')?.detail).toContain('password_anew');
    expect(await signIn({ method, identity, password: 'not-sesame' })).toMatchObject({ kind: 'success' });

    const stranger = `stranger-${method}`;
    const answer = await signIn({ method, identity: stranger });
    expect(stopOf(await sameAgain(answer, stranger, 'unknown_user'))?.name).toBe('login');
  },
);

test('too many wrong tries are told as the wait', async () => {
  await world.addSubscription({ username: 'guessed' });
  for (let n = 0; n < 11; n++)
    await world.ask({ username: 'guessed', password: `wrong-${n}`, station: device, signed: true });
  const answers: EapolOutcome[] = [];
  await until(
    async () => answers.unshift(await signIn({ method: 'ttls-pap', identity: 'guessed' })),
    () => answers[0]?.kind === 'failure',
    15_000,
  );
  const outcome = answers[0] as EapolOutcome;
  expect(stopOf(await sameAgain(outcome, 'guessed', 'too_many_tries'))?.name).toBe('tries');
});

test('a device that does not trust our certificate is stopped at the tunnel, and stays so: only its next try can show more', async () => {
  const other = new OpensslAuthority('Its own');
  try {
    await world.addSubscription({ username: 'careful' });
    const outcome = await signIn({ method: 'peap-mschapv2', identity: 'careful', ca: other.certificate });
    const told = await sameAgain(outcome, 'careful', 'no_tunnel');
    expect(stopOf(told)).toMatchObject({ name: 'tunnel', detail: expect.stringContaining('tunnel_failed') });
    expect(told.remedy).toContain('certs/ca.pem');
    const places = checks(told).map(({ name }) => name);
    expect(places.indexOf('tunnel')).toBe(places.indexOf('method') + 1);
    const row = await lastTry('careful', 'no_tunnel');
    expect(await signIn({ method: 'peap-mschapv2', identity: 'careful' })).toMatchObject({ kind: 'success' });
    await lastTry('careful', 'active');
    expect(await explain(questionOf(row))).toMatchObject({ decision: 'reject', reason: 'no_tunnel' });
  } finally {
    other.remove();
  }
});

describe('a certificate', () => {
  test('that was revoked stays refused, and the login is not', async () => {
    const id = await world.addSubscription({ username: 'lost-laptop' });
    const lost = await certificate('lost-laptop', id);
    const before = await signIn({ method: 'tls', identity: 'lost-laptop', ...lost });
    const accepted = await sameAgain(before, 'lost-laptop', 'active');
    expect(checks(accepted).find(({ name }) => name === 'certificate')?.detail).toContain('certificate_held');
    const letIn = await lastTry('lost-laptop', 'active');
    await world.sql('UPDATE certificate SET revoked_at = now() WHERE serial = $1', [lost.serial]);
    // What was let in then would be refused now.
    expect(await explain(questionOf(letIn))).toMatchObject({ decision: 'reject', reason: 'unknown_certificate' });
    const outcome = await signIn({ method: 'tls', identity: 'lost-laptop', ...lost });
    const told = await sameAgain(outcome, 'lost-laptop', 'unknown_certificate');
    expect(stopOf(told)).toMatchObject({ name: 'certificate', detail: expect.stringContaining('certificate_revoked') });
    const row = await lastTry('lost-laptop', 'unknown_certificate');
    // Another one of the same customer opens nothing for this device.
    const fresh = await certificate('lost-laptop', id);
    expect(await explain(questionOf(row))).toMatchObject({ decision: 'reject', reason: 'unknown_certificate' });
    const next = await signIn({ method: 'tls', identity: 'lost-laptop', ...fresh });
    await sameAgain(next, 'lost-laptop', 'active');
  });

  test('that is another company’s tells nothing of it; one that has since become ours passes, as its holder’s', async () => {
    const elsewhere = await world.addTenant('Jirani');
    const theirs = await certificate('neighbour', await world.addSubscription({ username: 'n', tenantId: elsewhere }));
    const strange = await signIn({ method: 'tls', identity: 'neighbour', ...theirs });
    const told = await sameAgain(strange, 'neighbour', 'unknown_certificate');
    expect(told.facts.certificate).toBeNull();

    const unheard = await certificate('unheard');
    const outcome = await signIn({ method: 'tls', identity: 'unheard', ...unheard });
    await sameAgain(outcome, 'unheard', 'unknown_certificate');
    const row = await lastTry('unheard', 'unknown_certificate');
    await give(unheard.serial, await world.addSubscription({ username: 'true-holder' }));
    const now = await explain(questionOf(row));
    expect(now).toMatchObject({ decision: 'accept', facts: { username: 'true-holder' } });
    expect(await signIn({ method: 'tls', identity: 'unheard', ...unheard })).toMatchObject({ kind: 'success' });
  });

  test('that has ended comes no further than the tunnel', async () => {
    const id = await world.addSubscription({ username: 'old-laptop' });
    const old = await certificate('old-laptop', id, -1);
    const outcome = await signIn({ method: 'tls', identity: 'old-laptop', ...old });
    const told = await sameAgain(outcome, 'old-laptop', 'no_tunnel');
    expect(stopOf(told)?.name).toBe('tunnel');
    const asked = await explain({ username: 'old-laptop', method: 'tls' });
    expect(asked).toMatchObject({ decision: 'reject', reason: 'no_tunnel', facts: { service: 'dot1x' } });
    expect(stopOf(asked)?.detail).toContain('tunnel_ended');
  });
});

test('802.1X can be imagined, with a password and with a certificate', async () => {
  const id = await world.addSubscription({ username: 'imagined' });
  await world.addSubscription({ username: 'imagined-late', expiresIn_s: -60 });
  const ask = (more: Partial<AccessQuestion>) => explain({ username: 'imagined', ...more });
  for (const how of [{ service: 'dot1x' }, { method: 'peap' }, { service: 'dot1x', method: 'ttls' }] as const) {
    expect(await ask(how)).toMatchObject({ decision: 'accept', facts: { service: 'dot1x' } });
    expect(await ask({ ...how, username: 'imagined-late' })).toMatchObject({ decision: 'reject', reason: 'expired' });
  }
  expect(await ask({ username: 'imagined-late' })).toMatchObject({ decision: 'garden' });
  expect(await ask({ method: 'tls' })).toMatchObject({ decision: 'reject', reason: 'unknown_certificate' });
  const { serial } = await certificate('imagined', id);
  expect(await ask({ method: 'tls' })).toMatchObject({
    decision: 'accept',
    facts: { certificate: { name: 'laptop' } },
  });
  // No password stands behind a certificate.
  await world.sql(`DELETE FROM radcheck WHERE username = 'imagined'`);
  expect(await ask({ method: 'tls' })).toMatchObject({ decision: 'accept' });
  expect(await ask({ method: 'peap' })).toMatchObject({ decision: 'reject', reason: 'wrong_password' });
  await world.sql('UPDATE certificate SET revoked_at = now() WHERE serial = $1', [serial]);
  expect(await ask({ method: 'tls' })).toMatchObject({ decision: 'reject', reason: 'unknown_certificate' });
  expect(await ask({ method: 'peap', signed: false })).toMatchObject({ answered: false, reason: 'unsigned_request' });
  expect(await ask({ service: 'dot1x', method: 'none' })).toMatchObject({ reason: 'unsupported_method' });
});

test('tries from before this was kept are 802.1X too where their method says so', () => {
  const row = { username: 'u', station: null, nas_id: null, reason: 'expired', at: new Date(), certificate: null };
  const asked = (more: object) =>
    questionOf({ ...row, method: null, service_type: null, port_type: '19', ...more } as unknown as TryRow);
  for (const method of ['eap', 'inside']) expect(asked({ method })).toMatchObject({ service: 'dot1x', method: 'eap' });
  expect(asked({ method: 'Accept' })).toMatchObject({ service: 'dot1x', method: 'tls' });
  expect(asked({ reason: 'unknown_certificate' })).toMatchObject({ service: 'dot1x', method: 'tls' });
  // Inside EAP-TTLS there stood PAP alone, but no service either.
  expect(asked({ method: 'PAP' }).tried?.asked).toEqual({ service_type: null, port_type: '19' });
  expect(asked({ port_type: null }).tried?.asked).toBeUndefined();
});
