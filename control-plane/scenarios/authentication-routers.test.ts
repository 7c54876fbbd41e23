import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { askStatus } from '../health';
import { healthAddress, healthSecret } from '../../freeradius-config/generate';
import { stopwatch } from '../test-kit/stopwatch';
import { createAccessWorld, homeRouter, type AccessWorld, type Ask } from './access-world';

jest.setTimeout(60_000);

let world: AccessWorld;
beforeAll(async () => {
  world = await createAccessWorld();
  await world.addSubscription({ username: 'asha' });
});
afterAll(async () => {
  await world.end();
});

const codeOf = async (o: Partial<Ask>): Promise<string> =>
  (await world.ask({ username: 'asha', timeout_ms: 150, ...o })).code;

/** Waits until a login from there is answered so; fails after two seconds, which is what is promised. */
async function within2s(code: string, o: Partial<Ask>): Promise<void> {
  const elapsed_ms = stopwatch();
  while ((await codeOf(o)) !== code) {
    if (elapsed_ms() > 2000) throw new Error(`not ${code} within 2 s`);
  }
}

describe('a router', () => {
  test('that is added, changed and deleted acts so within two seconds, without a restart', async () => {
    const at = { from: '127.62.0.1' };
    expect(await codeOf(at)).toBe('none');
    await world.addRouter({ address: at.from, secret: 'first' });
    await within2s('accept', { ...at, secret: 'first' });
    await world.sql(`UPDATE nas SET secret = 'second' WHERE nasname = $1`, [at.from]);
    await within2s('accept', { ...at, secret: 'second' });
    // The old one is void: the password does not decode, and the reply would not verify.
    expect(await codeOf({ ...at, secret: 'first' })).toBe('none');
    await world.sql(`UPDATE nas SET nasname = '127.62.0.2', shortname = 'moved' WHERE nasname = $1`, [at.from]);
    await within2s('accept', { from: '127.62.0.2', secret: 'second' });
    await within2s('none', { ...at, secret: 'second' });
    await world.sql(`DELETE FROM nas WHERE nasname = '127.62.0.2'`);
    await within2s('none', { from: '127.62.0.2', secret: 'second' });
  });

  test.each(["quo'te", 'quo"te', 'do${HOME}llar$ENV{HOME}', 'back\\slash', '`hash`#%{User-Name}', 'ünï ✓'])(
    'may have the secret %s',
    async (secret) => {
      const from = `127.62.1.${(addresses += 1)}`;
      await world.addRouter({ address: from, secret });
      await within2s('accept', { from, secret });
    },
  );

  test('whose secret cannot be written down stays unknown and harms no other', async () => {
    await world.addRouter({
      address: '127.62.2.1',
      secret: "x\n}\nclient evil {\n ipaddr = 127.62.2.9\n secret = 'evil'\n}",
    });
    await world.addRouter({ address: '127.62.2.2', secret: 'ends in \\' });
    await world.addRouter({ address: '127.62.2.3', secret: 'fine' });
    await within2s('accept', { from: '127.62.2.3', secret: 'fine' });
    expect(await codeOf({ from: '127.62.2.9', secret: 'evil' })).toBe('none');
    expect(await codeOf({})).toBe('accept');
  });

  test('that nobody knows gets no answer and is counted, however often it asks', async () => {
    const end_ms = Date.now() + 8000;
    let rows: { packets: string }[] = [];
    // FreeRADIUS writes at most one such line a second.
    while (rows.length === 0 && Date.now() < end_ms) {
      expect(await codeOf({ from: '127.62.3.1' })).toBe('none');
      rows = await world.sql(`SELECT packets FROM nas_unknown WHERE address = '127.62.3.1' AND kind = 'auth'`);
    }
    expect(Number(rows[0]?.packets)).toBeGreaterThanOrEqual(1);
  });

  test('has its identity and its last login on record', async () => {
    expect(await codeOf({})).toBe('accept');
    await world.reasonOf('asha');
    const rows = await world.sql<{ identity: string }>(
      `SELECT s.identity FROM nas_status s JOIN nas n ON n.id = s.nas_id WHERE n.nasname = $1 AND s.last_access_at > lango_now() - interval '1 minute'`,
      [homeRouter.address],
    );
    expect(rows).toEqual([{ identity: 'tower-1' }]);
  });
});
let addresses = 0;

describe('signed requests (Message-Authenticator)', () => {
  test('are asked of a router that must sign', async () => {
    const from = '127.62.4.1';
    await world.addRouter({ address: from, policy: 'require' });
    await within2s('accept', { from, signed: true });
    expect(await codeOf({ from })).toBe('none');
    expect(await codeOf({ from, signed: true })).toBe('accept');
  });

  test('are asked of a router by itself once it has sent one, until its secret changes; a proxied one must always be signed', async () => {
    const from = '127.62.4.2';
    await world.addRouter({ address: from });
    await within2s('accept', { from });
    expect(await codeOf({ from, proxyState: true })).toBe('none');
    expect(await codeOf({ from, proxyState: true, signed: true })).toBe('accept');
    await within2s('none', { from });
    expect(await codeOf({ from, signed: true })).toBe('accept');
    await world.sql(`UPDATE nas SET secret = 'renewed', updated_at = lango_now() WHERE nasname = $1`, [from]);
    await within2s('accept', { from, secret: 'renewed' });
  });

  test('are never asked of a router whose policy is off', async () => {
    const from = '127.62.4.3';
    await world.addRouter({ address: from, policy: 'off' });
    await within2s('accept', { from, signed: true });
    expect(await codeOf({ from, proxyState: true })).toBe('accept');
    await new Promise((done) => setTimeout(done, 1000));
    expect(await codeOf({ from })).toBe('accept');
  });

  test('that are refused are on record with the reason', async () => {
    const rows = await world.sql<{ reason: string }>(`SELECT DISTINCT reason FROM radpostauth WHERE reply = 'none'`);
    expect(rows.map(({ reason }) => reason).sort()).toEqual(['unsigned_proxy', 'unsigned_request']);
  });
});

test('Status-Server is answered, and to health checks alone at their address', async () => {
  const asked = {
    host: '127.0.0.1',
    port: world.freeradius.authPort,
    secret: healthSecret(world.db.masterKey),
    from: healthAddress,
  };
  expect(await askStatus(asked)).toBeTruthy();
  expect(await askStatus({ ...asked, secret: 'wrong' })).toBeFalsy();
  expect(await codeOf({ from: healthAddress, secret: asked.secret, signed: true })).toBe('none');
});

test('Debian’s radclient is let in by PAP, CHAP and MS-CHAP', async () => {
  await world.addRouter({ address: '127.0.0.1', secret: 'radclient-secret' });
  await within2s('accept', { from: '127.0.0.1', secret: 'radclient-secret' });
  for (const credential of ['User-Password', 'CHAP-Password', 'MS-CHAP-Password']) {
    const output = await radclient(
      `User-Name = asha\n${credential} = sesame\nService-Type = Framed-User\nNAS-Port-Type = Ethernet\n`,
    );
    expect(output).toMatch(/Received Access-Accept/);
    expect(output).toMatch(/Mikrotik-Rate-Limit = "5000k\/10000k"/);
  }
  expect(await radclient('User-Name = asha\nUser-Password = wrong\n')).toMatch(
    /Received Access-Reject[^]*Wrong username or password/,
  );
});

async function radclient(request: string): Promise<string> {
  const child = spawn('radclient', [
    '-x',
    '-t',
    '1',
    '-r',
    '2',
    `127.0.0.1:${world.freeradius.authPort}`,
    'auth',
    'radclient-secret',
  ]);
  let output = '';
  child.stdout.on('data', (part) => (output += String(part)));
  child.stderr.on('data', (part) => (output += String(part)));
  child.stdin.end(request);
  await once(child, 'close');
  return output;
}
