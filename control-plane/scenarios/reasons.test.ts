import { eapolTest, OpensslAuthority } from '../test-kit/eapol';
import { until } from '../test-kit/until';
import { createAccessWorld, homeRouter, type AccessWorld, type Ask } from './access-world';

// Every reason of docs/reference/reasons.md, produced by a request of a router. A reason without a case here fails the first test.
jest.setTimeout(60_000);

const authority = new OpensslAuthority();
const device = '48:A9:8A:00:00:09';
let world: AccessWorld;

beforeAll(async () => {
  const server = authority.issue({ name: 'radius.test', use: 'serverAuth' });
  world = await createAccessWorld(undefined, {
    chain: server.certificate,
    key: server.key,
    clientAuthorities: authority.certificate,
  });
  await Promise.all([
    world.addRouter({ address: closedAt, tenantId: await closedCompany() }),
    world.addRouter({ address: strictAt, policy: 'require' }),
  ]);
  for (const [from, signed] of [
    [closedAt, false],
    [strictAt, true],
  ] as const)
    await until(
      () => world.ask({ username: 'nobody', from, signed, timeout_ms: 200 }),
      ({ code }) => code === 'reject',
    );
});
afterAll(async () => {
  await world.end();
  authority.remove();
});

const closedAt = '127.66.0.2';
const strictAt = '127.66.0.3';
let closedTenant: string;
async function closedCompany(): Promise<string> {
  closedTenant = await world.addTenant('Closed');
  await world.sql(`UPDATE tenant SET status = 'suspended' WHERE id = $1`, [closedTenant]);
  return closedTenant;
}

/** What is done so that a request by `username` has this reason; without more it is PAP with the right password, by PPP, from the home router. */
type Case = (username: string) => Promise<Partial<Ask> | void>;

/** At every hour of the week. */
const always = (rule: object) => JSON.stringify([{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '00:00', ...rule }]);

const cases: Record<string, Case> = {
  active: async (username) => void (await world.addSubscription({ username })),
  grace: async (username) => void (await world.addSubscription({ username, expiresIn_s: -5, plan: { grace_s: 3600 } })),
  throttled: async (username) =>
    void (await world.addSubscription({
      username,
      usedBytes: 2000,
      plan: { quota_bytes: 1000, on_quota: 'throttle', throttle_down_kbps: 512, throttle_up_kbps: 256 },
    })),
  fair_use: async (username) =>
    void (await world.addSubscription({
      username,
      usedBytes: 2000,
      plan: { fair_use: JSON.stringify([{ at_bytes: 1000, down_kbps: 2000, up_kbps: 1000 }]) },
    })),
  unpaid: async (username) => void (await world.addSubscription({ username, status: 'pending' })),
  expired: async (username) => void (await world.addSubscription({ username, expiresIn_s: -5 })),
  capped: async (username) =>
    void (await world.addSubscription({ username, usedBytes: 2000, plan: { quota_bytes: 1000 } })),
  time_used_up: async (username) => {
    const id = await world.addSubscription({ username, plan: { online_s: 60 } });
    await world.sql('UPDATE usage_cycle SET seconds = 61 WHERE subscription_id = $1', [id]);
  },
  outside_hours: async (username) =>
    void (await world.addSubscription({ username, plan: { time_rules: always({ blocked: true }) } })),
  suspended: async (username) => void (await world.addSubscription({ username, status: 'suspended' })),
  paused: async (username) => void (await world.addSubscription({ username, status: 'paused' })),
  wrong_mac: async (username) => {
    await world.addSubscription({ username, macLock: device });
    return { station: '50:D4:F7:00:00:01' };
  },
  too_many_sessions: async (username) => {
    const id = await world.addSubscription({ username });
    await world.addSession(id, { mac: device });
    return { station: '50:D4:F7:00:00:01' };
  },
  company_closed: async (username) => {
    await world.addSubscription({ username, tenantId: closedTenant });
    return { from: closedAt };
  },
  two_devices: async (username) => {
    await world.addSubscription({ username });
    return { forged: { first: [[0, 31, Buffer.from(device)]] } };
  },
  wrong_password: async (username) => {
    await world.addSubscription({ username });
    return { password: 'wrong' };
  },
  too_many_tries: async (username) => {
    await world.addSubscription({ username });
    for (let n = 0; n < 11; n++) await world.ask({ username, password: `wrong-${n}` });
    await until(
      () => world.ask({ username }),
      ({ code }) => code === 'reject',
      10_000,
    );
  },
  unknown_user: () => Promise.resolve(),
  ended: async (username) => void (await world.addSubscription({ username, status: 'ended' })),
  unsupported_method: async (username) => {
    await world.addSubscription({ username });
    return { method: 'none' };
  },
  unsigned_request: async (username) => {
    await world.addSubscription({ username });
    return { from: strictAt };
  },
  unsigned_proxy: async (username) => {
    await world.addSubscription({ username });
    return { proxyState: true };
  },
};

/** Those that no plain request can have. */
const others: Record<string, (username: string) => Promise<void>> = {
  no_tunnel: async (username) => {
    const another = new OpensslAuthority('Its own');
    await signIn({ method: 'ttls-pap', identity: username, outside: username, ca: another.certificate });
    another.remove();
  },
  unknown_certificate: async (username) => {
    await world.addSubscription({ username });
    const { certificate, key } = authority.issue({ name: username, use: 'clientAuth' });
    await signIn({ method: 'tls', identity: username, outside: username, certificate, key });
  },
  unknown_router: async () => {
    await world.ask({ username: 'whoever', from: '127.66.0.99', timeout_ms: 100 });
    // FreeRADIUS writes at most one such line a second.
    await until(
      async () => {
        await world.ask({ username: 'whoever', from: '127.66.0.99', timeout_ms: 100 });
        return world.sql(`SELECT 1 FROM nas_unknown WHERE address = '127.66.0.99'`);
      },
      (rows) => rows.length === 1,
      15_000,
    );
  },
};

function signIn(
  o: Partial<Parameters<typeof eapolTest>[0]> & Pick<Parameters<typeof eapolTest>[0], 'method' | 'identity'>,
) {
  const { authPort } = world.freeradius;
  const to = { authPort, from: homeRouter.address, secret: homeRouter.secret, ca: authority.certificate };
  return eapolTest({ ...to, password: 'sesame', ...o });
}

test('every reason has a case here', async () => {
  const rows = await world.sql<{ code: string }>('SELECT code FROM access_reasons() ORDER BY code');
  expect([...Object.keys(cases), ...Object.keys(others)].sort()).toEqual(rows.map(({ code }) => code).sort());
});

test.each(Object.keys(cases))('%s', async (reason) => {
  const username = `has-${reason}`;
  const asked = await cases[reason]!(username);
  const [row] = await world.sql<{ decision: string; sentence: string | null }>(
    'SELECT decision, sentence FROM access_reasons() WHERE code = $1',
    [reason],
  );
  const answer = await world.ask({ username, ...asked });
  await until(
    () => world.reasonOf(username),
    (found) => found === reason,
  );
  // The garden is PPP's on a MikroTik, which is what asks here.
  const code = { accept: 'accept', 'garden or reject': 'accept', reject: 'reject', none: 'none' }[row?.decision ?? ''];
  expect(answer.code).toBe(code);
  if (row?.decision === 'garden or reject') {
    expect(answer.reply).toMatchObject({ 'Mikrotik-Address-List': 'expired', 'Reply-Message': row.sentence });
    expect(await world.ask({ username, ...asked, service: 'hotspot' })).toMatchObject({
      code: 'reject',
      reply: { 'Reply-Message': row.sentence },
    });
  } else if (row?.decision === 'reject') expect(answer.reply['Reply-Message']).toBe(row.sentence);
});

test.each(['no_tunnel', 'unknown_certificate'])('%s', async (reason) => {
  const username = `has-${reason}`;
  await others[reason]!(username);
  expect(await world.reasonOf(username)).toBe(reason);
});

test('unknown_router', () => others['unknown_router']!(''));
