/** RadSec as others speak it: Debian's radsecproxy with 200 requests in flight, and OpenSSL with certificates that must not open anything. */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { add, get } from '../../radius/attributes';
import { Code, PacketBuilder } from '../../radius/packet';
import { exchange } from '../../radius/testing';
import { issueCertificate, makeAuthority, type IssuedCertificate } from '../platform/x509';
import { createSecretBox } from '../platform/crypto';
import { AUTHORITY_KEY, NO_COMPANY } from '../radsec';
import { freePort } from '../test-kit/ports';
import { startRadsecproxy, type Radsecproxy } from '../test-kit/radsecproxy';
import { makeActive, makeRouter, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { hasIPv6, login, startRadsecWorld, status, type Holder, type RadsecWorld } from './radsec-world';

jest.setTimeout(60_000);

let world: RadsecWorld;
let holder: Holder;
beforeAll(async () => {
  world = await startRadsecWorld(['accounting'], hasIPv6 ? '::' : '127.0.0.1');
  holder = await world.router();
});
afterAll(() => world?.end());

describe('radsecproxy', () => {
  const secret = Buffer.from('behind-the-proxy');
  let proxy: Radsecproxy;
  let udpPort: number;
  let identifier = 0;
  beforeAll(async () => {
    udpPort = await freePort('127.0.0.1');
    const { cert, key, ca } = holder;
    proxy = await startRadsecproxy({ udpPort, secret: secret.toString(), frontPort: world.front.port, cert, key, ca });
  });
  afterAll(() => proxy?.stop());

  /** One exchange from a loopback address of the NAS's own, without sending it again: nothing may be lost. */
  async function ask(request: PacketBuilder, from: string) {
    const sent = request.seal(secret);
    const outcome = await exchange(sent, {
      host: '127.0.0.1',
      port: udpPort,
      secret,
      sourceAddress: from,
      timeout_ms: 15_000,
      tries: 1,
    });
    return outcome.kind === 'timeout' ? undefined : outcome.reply;
  }

  function loginRequest(username: string, password: string): PacketBuilder {
    const request = PacketBuilder.request(Code.AccessRequest, (identifier += 1) & 255);
    add(request, 'Service-Type', 2);
    add(request, 'User-Name', username);
    return request.addUserPassword(Buffer.from(password), secret).addMessageAuthenticator();
  }

  it('carries 200 logins in flight through one connection, each with its own answer and none lost', async () => {
    const subs = await Promise.all(Array.from({ length: 4 }, () => makeActive(world.lango.api)));
    // FreeRADIUS holds its breath until all are on their way: not one has its answer by then, so 200 are in flight.
    process.kill(world.freeradius.pid, 'SIGSTOP');
    let answered = 0;
    const asked = Array.from({ length: 200 }, async (_, n) => {
      const reply = await ask(
        loginRequest(subs[n % 4]!['username'], n % 5 === 0 ? 'guess' : 'open-sesame'),
        `127.71.0.${n + 1}`,
      );
      answered += 1;
      return reply;
    });
    await sleep(1500);
    const early = answered;
    process.kill(world.freeradius.pid, 'SIGCONT');
    const answers = await Promise.all(asked);
    expect(early).toBe(0);
    expect(answers.map((reply) => reply?.code)).toEqual(
      Array.from({ length: 200 }, (_, n) => (n % 5 === 0 ? Code.AccessReject : Code.AccessAccept)),
    );
  });

  it('carries accounting while logins are in flight, counted once', async () => {
    const sub = await makeActive(world.lango.api);
    const username = sub['username'] as string;
    const accepted = await ask(loginRequest(username, 'open-sesame'), '127.71.1.1');
    const klass = accepted!.first(0, 25)!;
    const reports = Array.from({ length: 100 }, async (_, n) => {
      const request = PacketBuilder.request(Code.AccountingRequest, n);
      add(request, 'Acct-Status-Type', 3);
      add(request, 'Acct-Session-Id', `8160${n.toString(16).padStart(4, '0')}`);
      add(request, 'User-Name', username);
      add(request, 'Acct-Session-Time', 60);
      add(request, 'Acct-Input-Octets', 1000);
      add(request, 'Acct-Output-Octets', 2000);
      request.add(0, 25, klass);
      return ask(request, `127.71.2.${n + 1}`);
    });
    const logins = Array.from({ length: 100 }, (_, n) =>
      ask(loginRequest(username, 'open-sesame'), `127.71.3.${n + 1}`),
    );
    const told = await Promise.all(reports);
    await Promise.all(logins);
    expect(told.filter((reply) => reply?.code === Code.AccountingResponse)).toHaveLength(100);
    const { items } = (await world.lango.api.get<{ items: Json[] }>(`/subscriptions/${sub['id']}/usage?by=cycle`)).body;
    expect(items[0]).toMatchObject({ input_bytes: 100_000, output_bytes: 200_000 });
    expect(get(accepted!, 'Mikrotik-Rate-Limit')).toBeDefined();
  });
});

describe('a front that listens on :: (everybody else here comes to it by IPv4)', () => {
  it('takes a router that comes by IPv6, logs its customers in and shows where it comes from', async () => {
    const front = { host: '::1', port: world.front.port };
    if (!hasIPv6) {
      await expect(world.connect(holder, front)).rejects.toThrow();
      return;
    }
    const router = await world.connect(holder, front);
    const sub = await makeActive(world.lango.api);
    expect((await login(router, { username: sub['username'] })).code).toBe('accept');
    const { items } = await until(
      async () => (await world.lango.api.get<{ items: Json[] }>(`/routers/${holder.id}/certificates`)).body,
      (page) => String(page.items[0]?.['connection']?.peer).startsWith('::1 '),
      20_000,
    );
    expect(items[0]).toMatchObject({ state: 'connected' });
    router.close();
    const other = await world.connect(holder);
    await until(
      async () => (await world.lango.api.get<{ items: Json[] }>(`/routers/${holder.id}/certificates`)).body,
      (page) => String(page.items[0]?.['connection']?.peer).startsWith('127.0.0.1 '),
      20_000,
    );
    other.close();
  });

  it('has a FreeRADIUS beside it that answers a router of either family by UDP', async () => {
    for (const host of hasIPv6 ? ['::1', '127.0.0.1'] : ['127.0.0.1']) {
      const secret = 'by-udp-as-well';
      const sourceAddress = host === '::1' ? host : '127.72.0.9';
      await makeRouter(world.lango.api, { address: sourceAddress, secret });
      const sub = await makeActive(world.lango.api);
      const ask = () => {
        const request = PacketBuilder.request(Code.AccessRequest, 1);
        add(request, 'Service-Type', 2);
        add(request, 'User-Name', sub['username'] as string);
        request.addUserPassword(Buffer.from('open-sesame'), Buffer.from(secret)).addMessageAuthenticator();
        const to = { host, port: world.freeradius.authPort, secret: Buffer.from(secret), sourceAddress };
        return exchange(request.seal(Buffer.from(secret)), { ...to, timeout_ms: 2000, tries: 1 });
      };
      const outcome = await until(ask, ({ kind }) => kind === 'reply', 20_000);
      expect(outcome).toMatchObject({ kind: 'reply', reply: { code: Code.AccessAccept } });
    }
  });
});

describe('openssl s_client', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'lango-s-client-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Connects, sends a Status-Server and gives all octets of the answer, and what OpenSSL said. */
  function speak(o: { cert?: string; key?: string; more?: string[] }): Promise<{ answer: Buffer; said: string }> {
    const files = ['ca', 'cert', 'key'].map((name) => join(dir, `${name}.pem`)) as [string, string, string];
    writeFileSync(files[0], holder.ca);
    const own = o.cert && o.key ? ['-cert', files[1], '-key', files[2]] : [];
    if (o.cert && o.key) [o.cert, o.key].forEach((text, at) => writeFileSync(files[at + 1]!, text));
    const args = [
      's_client',
      '-quiet',
      '-no_ign_eof',
      '-connect',
      `127.0.0.1:${world.front.port}`,
      '-CAfile',
      files[0],
      '-verify_return_error',
      ...own,
      ...(o.more ?? []),
    ];
    const child = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const got: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => got.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.write(status(0x20));
    // Long enough for any answer; a refused one ends by itself.
    const timer = setTimeout(() => child.kill('SIGTERM'), 3000);
    child.stdout.on('data', () => child.kill('SIGTERM'));
    return new Promise((resolve) =>
      child.once('close', () => {
        clearTimeout(timer);
        resolve({ answer: Buffer.concat(got), said });
      }),
    );
  }

  it.each(['-tls1_2', '-tls1_3'])('with its certificate is answered (%s)', async (version) => {
    const { answer } = await speak({ cert: holder.cert, key: holder.key, more: [version] });
    expect([answer[0], answer[1]]).toEqual([Code.AccessAccept, 0x20]);
  });

  it('without a certificate is refused', async () => {
    const { answer, said } = await speak({});
    expect(answer).toHaveLength(0);
    expect(said).toMatch(/certificate required|handshake failure/);
  });

  it('with a certificate of another authority is refused, also when that calls itself like ours', async () => {
    const from = new Date();
    const to = new Date(Date.now() + 86_400_000);
    const name = new X509Certificate((await ours()).certificatePem).subject.replace(/^CN=|\nO=.*$/g, '');
    const other = await makeAuthority(name, from, to);
    const { cert, key } = await leaf(other, from, to);
    for (const version of ['-tls1_2', '-tls1_3'])
      expect((await speak({ cert, key, more: [version] })).answer).toHaveLength(0);
  });

  it('with one of ours that has ended is refused', async () => {
    const { cert, key } = await leaf(
      await ours(),
      new Date(Date.now() - 86_400_000 * 3),
      new Date(Date.now() - 60_000),
    );
    for (const version of ['-tls1_2', '-tls1_3'])
      expect((await speak({ cert, key, more: [version] })).answer).toHaveLength(0);
  });

  it('with one of ours that nobody issued to a router is refused', async () => {
    const { cert, key } = await leaf(await ours(), new Date(), new Date(Date.now() + 86_400_000));
    expect((await speak({ cert, key })).answer).toHaveLength(0);
  });

  it('with one that is revoked is refused', async () => {
    const revoked = await world.router();
    const live = await world.connect(revoked);
    await world.lango.api.post(`/radsec/certificates/${revoked.certificateId}/revoke`, {});
    await live.closed;
    expect((await speak({ cert: revoked.cert, key: revoked.key })).answer).toHaveLength(0);
  });

  it('with an older TLS than 1.2 is refused', async () => {
    const more = ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'];
    const { answer, said } = await speak({ cert: holder.cert, key: holder.key, more });
    expect(answer).toHaveLength(0);
    expect(said).toMatch(/protocol version|alert|unsupported/);
  });

  async function ours(): Promise<IssuedCertificate> {
    const [row] = await world.lango.asOwner<{ certificate_pem: string; key_enc: Buffer }>(
      `SELECT certificate_pem, key_enc FROM radsec_authority WHERE kind = 'ca' AND retired_at IS NULL`,
    );
    const keyPem = createSecretBox(world.lango.db.masterKey).open(AUTHORITY_KEY, NO_COMPANY, row!.key_enc);
    return { certificatePem: row!.certificate_pem, keyPem } as IssuedCertificate;
  }

  async function leaf(
    signer: IssuedCertificate,
    notBefore: Date,
    notAfter: Date,
  ): Promise<{ cert: string; key: string }> {
    const made = await issueCertificate(
      { certificatePem: signer.certificatePem, keyPem: signer.keyPem! },
      { commonName: 'stranger', purpose: 'client', notBefore, notAfter },
    );
    return { cert: made.certificatePem, key: made.keyPem! };
  }
});
