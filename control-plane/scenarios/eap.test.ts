import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { startSnapshot } from '../../radius/snapshot';
import { findUser } from '../platform/supervisor/run-as';
import { Cable } from '../test-kit/cable';
import { eapolTest, OpensslAuthority, type EapolInput, type EapolOutcome } from '../test-kit/eapol';
import { until } from '../test-kit/until';
import { createAccessWorld, homeRouter, type AccessWorld } from './access-world';

// 802.1X against a real FreeRADIUS, asked by wpa_supplicant's own code.

jest.setTimeout(60_000);

const authority = new OpensslAuthority();
const byPassword = ['peap-mschapv2', 'ttls-pap', 'ttls-mschapv2', 'ttls-chap'] as const;
const everyMethod = [...byPassword, 'tls'] as const;
const cable = new Cable();
let world: AccessWorld;

beforeAll(async () => {
  const server = authority.issue({ name: 'radius.test', use: 'serverAuth' });
  world = await createAccessWorld((url) => cable.lay(url), {
    chain: server.certificate,
    key: server.key,
    clientAuthorities: authority.certificate,
  });
});
afterAll(async () => {
  await cable.unplug();
  await world.end();
  authority.remove();
});

type Given = Pick<EapolInput, 'method' | 'identity'> & Partial<EapolInput>;

async function signIn(o: Given, timeout_s?: number): Promise<EapolOutcome> {
  const { authPort } = world.freeradius;
  const to = { authPort, from: homeRouter.address, secret: homeRouter.secret, ca: authority.certificate };
  return eapolTest({ ...to, ...o }, timeout_s);
}

interface Holder {
  identity: string;
  certificate: string;
  key: string;
  serial: string;
}

/** A certificate that the database knows as this subscription's. */
async function certificateFor(id: string, identity: string, days?: number): Promise<Holder> {
  const { certificate, key, serial } = authority.issue({ name: identity, use: 'clientAuth', days });
  await world.sql(
    `INSERT INTO certificate (tenant_id, subscription_id, serial, name, not_after)
     SELECT tenant_id, id, $2, 'laptop', lango_now() + interval '7 days' FROM subscription WHERE id = $1`,
    [id, serial],
  );
  return { identity, certificate, key, serial };
}

/** What that device needs for the method: a certificate or, as it stands, the password `sesame`. */
async function credentials(method: EapolInput['method'], id: string, identity: string): Promise<Partial<EapolInput>> {
  return method === 'tls' ? certificateFor(id, identity) : {};
}

const hex = (text: string): string => Buffer.from(text).toString('hex');

describe.each(everyMethod)('%s', (method) => {
  test('lets a customer in with the plan, and the keys for the air are the tunnel’s', async () => {
    const identity = `in-${method}@umoja`;
    const id = await world.addSubscription({ username: identity, expiresIn_s: 3600, plan: { vlan_id: 120 } });
    const outcome = await signIn({ method, identity, ...(await credentials(method, id, identity)) });
    expect(outcome).toMatchObject({ kind: 'success', keys: 'right' });
    const { reply, output } = outcome;
    expect(reply.get(1)).toBe(`'${identity}'`);
    expect(output.match(/Attribute 1 \(User-Name\)/g)?.length).toBeGreaterThan(0);
    expect(reply.get(25)).toMatch(new RegExp(`^${hex(`L1:${id}:`)}`));
    expect(Number(reply.get(27))).toBeLessThanOrEqual(3600);
    expect(Number(reply.get(27))).toBeGreaterThan(3500);
    expect(output).toContain(`00003a8c08${hex('\u000e5000k/10000k').slice(0, 2)}${hex('5000k/10000k')}`);
    // The VLAN as RFC 3580 has it for access points and switches: type VLAN, medium IEEE-802, its number as text, none with a tag.
    expect([64, 65, 81].map((number) => reply.get(number))).toEqual(['0000000d', '00000006', hex('120')]);
    // What steers the tunnel is nobody's plan.
    expect(reply.has(12)).toBe(false);
    expect(await world.reasonOf(identity)).toBe('active');
  });

  test.each([
    ['suspended', { status: 'suspended' }],
    ['expired', { expiresIn_s: -60 }],
    ['wrong_mac', { macLock: '02:00:00:00:00:99' }],
  ] as const)('turns a customer away who is %s, and writes the reason down', async (reason, state) => {
    const identity = `${reason}-${method}`;
    const id = await world.addSubscription({ username: identity, ...state });
    const outcome = await signIn({ method, identity, ...(await credentials(method, id, identity)) });
    expect(outcome.kind).toBe('failure');
    expect(outcome.codes.at(-1)).toBe(3);
    // The method's own word and its signature, nothing else (RFC 3579 2.6.5).
    expect([...outcome.reply.keys()].sort((a, b) => a - b)).toEqual([79, 80]);
    expect(await world.reasonOf(identity)).toBe(reason);
  });
});

describe.each(byPassword)('%s', (method) => {
  test('turns a wrong password and an unknown name away', async () => {
    await world.addSubscription({ username: `wrong-${method}` });
    expect(await signIn({ method, identity: `wrong-${method}`, password: 'not-sesame' })).toMatchObject({
      kind: 'failure',
    });
    expect(await world.reasonOf(`wrong-${method}`)).toBe('wrong_password');
    const stranger = await signIn({ method, identity: `stranger-${method}` });
    expect(stranger.codes.at(-1)).toBe(3);
    expect(await world.reasonOf(`stranger-${method}`)).toBe('unknown_user');
  });
});

describe('a certificate', () => {
  test('that was revoked, is of another company, was never issued, or is another authority’s opens nothing', async () => {
    const identity = 'holder';
    const id = await world.addSubscription({ username: identity });
    const revoked = await certificateFor(id, identity);
    await world.sql('UPDATE certificate SET revoked_at = lango_now() WHERE serial = $1', [revoked.serial]);
    const elsewhere = await world.addTenant('Jirani');
    const theirs = await certificateFor(
      await world.addSubscription({ username: identity, tenantId: elsewhere }),
      identity,
    );
    const unheard = authority.issue({ name: identity, use: 'clientAuth' });
    for (const holder of [revoked, theirs, unheard]) {
      const outcome = await signIn({ method: 'tls', ...holder, identity });
      expect(outcome).toMatchObject({ kind: 'failure' });
      expect(outcome.codes.at(-1)).toBe(3);
    }
    await until(
      () => world.sql<{ reason: string }>(`SELECT reason FROM radpostauth WHERE username = 'holder'`),
      (rows) => rows.length === 3 && rows.every(({ reason }) => reason === 'unknown_certificate'),
    );
    const strangers = new OpensslAuthority('Somebody else');
    try {
      const forged = strangers.issue({ name: 'forger', use: 'clientAuth' });
      expect(await signIn({ method: 'tls', identity: 'forger', ...forged })).toMatchObject({ kind: 'failure' });
      expect(await world.reasonOf('forger')).toBe('no_tunnel');
    } finally {
      strangers.remove();
    }
  });

  test('counts as what the database says of it, whatever name the device gives outside', async () => {
    const id = await world.addSubscription({ username: 'true-name' });
    const holder = await certificateFor(id, 'true-name');
    const outcome = await signIn({ method: 'tls', ...holder, identity: 'somebody-else' });
    expect(outcome).toMatchObject({ kind: 'success', keys: 'right' });
    expect(outcome.reply.get(1)).toBe(`'true-name'`);
    expect(await world.reasonOf('true-name')).toBe('active');
  });
});

test('a device that does not trust our certificate ends the tunnel before it says a name', async () => {
  const other = new OpensslAuthority('Its own');
  try {
    await world.addSubscription({ username: 'careful' });
    const outcome = await signIn({
      method: 'peap-mschapv2',
      identity: 'careful',
      outside: 'careful-outside',
      ca: other.certificate,
    });
    expect(outcome.kind).toBe('failure');
    expect(await world.reasonOf('careful-outside')).toBe('no_tunnel');
  } finally {
    other.remove();
  }
});

test('TLS below 1.2 gets no tunnel', async () => {
  await world.addSubscription({ username: 'old-device' });
  const old = [
    'phase1="tls_disable_tlsv1_0=0 tls_disable_tlsv1_1=0 tls_disable_tlsv1_2=1"',
    'openssl_ciphers="DEFAULT@SECLEVEL=0"',
  ];
  const outcome = await signIn({ method: 'ttls-pap', identity: 'old-device', extra: old });
  expect(outcome.kind).toBe('failure');
  expect(outcome.codes).not.toContain(2);
});

test('a tunnel is never resumed: who was suspended meanwhile does not come back', async () => {
  const id = await world.addSubscription({ username: 'resumer' });
  const both = await signIn({ method: 'peap-mschapv2', identity: 'resumer', again: 1 });
  expect(both).toMatchObject({ kind: 'success' });
  expect(both.codes.filter((code) => code === 2)).toHaveLength(2);
  // Both were judged anew: two logins, each with an id of its own.
  const logins = await until(
    () => world.sql<{ class: string }>(`SELECT DISTINCT class FROM radpostauth WHERE username = 'resumer'`),
    (rows) => rows.length === 2,
  );
  expect(logins).toHaveLength(2);
  expect(both.output.match(/resumed=\d/g)).toEqual(['resumed=0', 'resumed=0']);
  await world.sql(`UPDATE subscription SET status = 'suspended' WHERE id = $1`, [id]);
  expect(await signIn({ method: 'peap-mschapv2', identity: 'resumer' })).toMatchObject({ kind: 'failure' });
});

test('no password and no key stands in any log', async () => {
  await world.addSubscription({ username: 'quiet-one', password: 'Very-Secret-77' });
  await signIn({ method: 'ttls-pap', identity: 'quiet-one', password: 'Very-Secret-77' });
  await signIn({ method: 'ttls-pap', identity: 'quiet-one', password: 'Very-Wrong-88' });
  await world.reasonOf('quiet-one');
  const written = world.freeradius.logs();
  expect(written).toContain(hex('quiet-one'));
  for (const secret of ['Very-Secret-77', 'Very-Wrong-88']) {
    expect(written).not.toContain(secret);
    expect(written).not.toContain(hex(secret));
  }
});

test('routers behind one address are told apart by their realm, inside as outside', async () => {
  const at = { address: '127.61.0.7', secret: homeRouter.secret };
  // Both at once: one alone is nobody's neighbour, and gets whatever comes from its address.
  await world.sql(
    `INSERT INTO nas (tenant_id, nasname, shortname, name, secret, type, realm) SELECT $1, $2, 'r', r, $3, 'mikrotik', r FROM unnest(ARRAY['north', 'south']) r`,
    [world.tenantId, at.address, at.secret],
  );
  await world.addSubscription({ username: 'from-south' });
  // Mikrotik-Realm.
  const realm = `26:x:00003a8c0907${hex('south')}`;
  await until(
    () => signIn({ method: 'peap-mschapv2', identity: 'from-south', from: at.address, attributes: [realm] }, 2),
    ({ kind }) => kind === 'success',
    15_000,
  );
  const rows = await until(
    () =>
      world.sql<{ name: string }>(
        `SELECT n.name FROM radpostauth p JOIN nas n ON n.id = p.nas_id WHERE p.username = 'from-south'`,
      ),
    (found) => found.length > 0,
  );
  expect(rows).toEqual([{ name: 'south' }]);
});

test('without the database a snapshot of this host answers inside the tunnel as it does outside', async () => {
  const id = await world.addSubscription({ username: 'remembered' });
  const suspended = await world.addSubscription({ username: 'remembered-suspended', status: 'suspended' });
  const holders = {
    good: await certificateFor(id, 'remembered'),
    revoked: await certificateFor(id, 'remembered'),
    suspended: await certificateFor(suspended, 'remembered-suspended'),
  };
  const { snapshotFile } = world.freeradius.places;
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const owner = process.getuid?.() === 0 ? findUser('freerad') : undefined;
  const snapshot = startSnapshot({
    databaseUrl: world.db.urls.radius,
    path: snapshotFile,
    bound_s: 3600,
    log: quiet,
    ...(owner ? { owner } : {}),
  });
  try {
    const written = (): string =>
      [snapshotFile, `${snapshotFile}-wal`]
        .filter((path) => existsSync(path))
        .map((path) => readFileSync(path, 'latin1'))
        .join('');
    await until(written, (text) => text.includes(holders.suspended.serial), 15_000);
    // A certificate that is issued, or taken back, when the snapshot is whole changes no answer, only whose it is.
    const late = await certificateFor(id, 'remembered');
    await world.sql('UPDATE certificate SET revoked_at = lango_now() WHERE serial = $1', [holders.revoked.serial]);
    const held = (): string =>
      execFileSync('sqlite3', ['-readonly', '-cmd', '.timeout 2000', snapshotFile, 'SELECT serial FROM certificate'], {
        encoding: 'utf8',
        ...owner,
      });
    await until(held, (text) => text.includes(late.serial) && !text.includes(holders.revoked.serial), 15_000);
    await cable.unplug();
    for (const holder of [holders.good, late]) {
      const outcome = await signIn({ method: 'tls', ...holder, identity: 'anybody' });
      expect(outcome).toMatchObject({ kind: 'success', keys: 'right' });
      expect(outcome.reply.get(1)).toBe(`'remembered'`);
      expect(outcome.reply.get(25)).toMatch(new RegExp(`^${hex(`L1:${id}:`)}`));
    }
    expect((await signIn({ method: 'tls', ...holders.suspended })).codes.at(-1)).toBe(3);
    // One that it does not hold may be newer than the file: no answer, and the router asks its next server.
    const unheld = await signIn({ method: 'tls', ...holders.revoked }, 3);
    expect([unheld.kind, unheld.codes.includes(3)]).toEqual(['failure', false]);
    for (const method of byPassword) {
      expect(await signIn({ method, identity: 'remembered' })).toMatchObject({ kind: 'success', keys: 'right' });
      const wrong = await signIn({ method, identity: 'remembered', password: 'not-sesame' });
      expect(wrong.codes.at(-1)).toBe(3);
      expect((await signIn({ method, identity: 'remembered-suspended' })).codes.at(-1)).toBe(3);
    }
  } finally {
    await cable.plug();
    await snapshot.stop();
    rmSync(dirname(snapshotFile), { recursive: true, force: true });
  }
});

test('without the database nobody is refused: the router asks its next server, and soon after its return all is as before', async () => {
  const id = await world.addSubscription({ username: 'patient' });
  const holder = await certificateFor(id, 'patient');
  const ways = [{ method: 'peap-mschapv2' }, { method: 'ttls-pap' }, { method: 'tls', ...holder }] as const;
  await cable.unplug();
  for (const way of ways) {
    const outcome = await signIn({ identity: 'patient', ...way }, 2);
    expect(outcome.kind).toBe('failure');
    // The tunnel needs no database and is made; what is inside stays unanswered.
    expect(outcome.codes).toContain(11);
    expect(outcome.codes).not.toContain(3);
  }
  await cable.plug();
  await until(
    () => signIn({ identity: 'patient', method: 'ttls-pap' }, 2),
    ({ kind }) => kind === 'success',
    15_000,
  );
  expect(await signIn({ method: 'tls', ...holder })).toMatchObject({ kind: 'success' });
});
