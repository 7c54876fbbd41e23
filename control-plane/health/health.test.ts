import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAuthorizer } from '../../radius/authorizer';
import { Code, codeName, decodePacket, PacketBuilder, verifyRequest } from '../../radius/packet';
import { startHeartbeat } from '../platform/heartbeat';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { until } from '../test-kit/until';
import { askStatus } from './ask-status';
import { atMostEvery } from './source';

const get = async (
  lango: TestLango,
  path: string,
): Promise<{ status: number; body: Record<string, unknown>; text: string }> => {
  const response = await fetch(lango.baseUrl + path);
  const text = await response.text();
  return {
    status: response.status,
    text,
    body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
};

describe('a whole installation', () => {
  let lango: TestLango;
  beforeAll(async () => {
    lango = await startTestLango({
      health: { heartbeats: ['jobs', 'enforcer'], freeradius: { host: '127.0.0.1', port: 9, secret: 'x' } },
    });
  });
  afterAll(() => lango.stop());

  test('is alive at once, and ready only when every part serves', async () => {
    expect((await get(lango, '/healthz')).status).toBe(200);
    expect(await get(lango, '/readyz')).toMatchObject({
      status: 503,
      body: {
        parts: { web: 'ok', postgres: 'ok', jobs: 'not running', enforcer: 'not running', freeradius: 'not answering' },
      },
    });
  });

  test('a part whose heart stopped, or that says it is ill, shows', async () => {
    await lango.asOwner(`INSERT INTO platform_heartbeat (part, instance, beat_at, state) VALUES
      ('jobs', 'a', clock_timestamp() - interval '20 s', 'ok'), ('enforcer', 'a', clock_timestamp(), 'spool full'), ('enforcer', 'old', now() - interval '1 h', 'ok')`);
    expect((await get(lango, '/readyz')).body['parts']).toMatchObject({ jobs: 'silent', enforcer: 'spool full' });
    await lango.asOwner(`UPDATE platform_heartbeat SET beat_at = clock_timestamp(), state = 'ok'`);
    expect((await get(lango, '/readyz')).body['parts']).toMatchObject({ jobs: 'ok', enforcer: 'ok' });
  });

  test('/metrics times requests by route and tells the figures of the network', async () => {
    await lango.api.get('/audit/');
    await lango.api.get('/audit');
    await lango.asOwner(`INSERT INTO accounting_spool (instance, host, pending_packets) VALUES ('a', 'h', 7)`);
    const { status, text } = await get(lango, '/metrics');
    expect(status).toBe(200);
    expect(text).toMatch(/lango_http_request_seconds_count\{method="GET",route="\/api\/audit",status="200"\} \d/);
    expect(text).toContain('lango_accounting_spool_packets 7');
    expect(text).toContain('lango_database_up 1');
    expect(text).toContain('lango_enforcement_open 0');
  });
});

test('what serves this host alone is looked for on this host, and the authorizer is asked by its own socket', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lango-health-'));
  const socket = join(dir, '.s.PGSQL.5432');
  const lango = await startTestLango({ health: { heartbeats: [], beatingHere: ['snapshot'], authorizer: socket } });
  const parts = async () => (await get(lango, '/readyz')).body['parts'];
  await lango.asOwner(`INSERT INTO platform_heartbeat (part, instance) VALUES ('snapshot', 'another-host:1:a')`);
  expect(await parts()).toMatchObject({ snapshot: 'not running', authorizer: 'not answering' });

  let state = 'not brought up to date for 3 min';
  const databaseUrl = lango.db.urls.radius;
  const quiet = { info: () => undefined, warn: () => undefined };
  const authorizer = await startAuthorizer({ databaseUrl, socket, log: quiet });
  const beat = startHeartbeat({ part: 'snapshot', databaseUrl, by: 'function', state: () => state });
  const told = (snapshot: string) =>
    until(parts, (now) => (now as Record<string, string>)['snapshot'] === snapshot, 15_000);
  expect(await told(state)).toMatchObject({ authorizer: 'ok' });
  state = 'ok';
  await told('ok');
  expect((await get(lango, '/readyz')).status).toBe(200);
  await beat.stop();
  expect(await parts()).toMatchObject({ snapshot: 'not running' });
  expect(await lango.asOwner(`SELECT instance FROM platform_heartbeat`)).toEqual([{ instance: 'another-host:1:a' }]);
  expect(hostname()).not.toBe('another-host');

  await authorizer.stop();
  const away = await startAuthorizer({ databaseUrl: 'postgresql://x@127.0.0.1:9/none', socket, log: quiet });
  expect(await parts()).toMatchObject({ authorizer: 'gets no answer from Postgres' });
  await away.stop();
  await lango.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('with the database gone it is alive, not ready, and every request says so in time', async () => {
  const lango = await startTestLango({ health: { heartbeats: ['jobs'] } });
  await lango.db.drop();
  expect((await get(lango, '/healthz')).status).toBe(200);
  expect(await get(lango, '/readyz')).toMatchObject({
    status: 503,
    body: { parts: { web: 'ok', postgres: 'not answering', jobs: 'unknown' } },
  });
  expect((await get(lango, '/metrics')).text).toContain('lango_database_up 0');
  await lango.stop();
});

test('figures that cost the database work are made at most once per span, however many ask', async () => {
  let runs = 0;
  let now = 0;
  let done = (): void => undefined;
  const refresh = atMostEvery(
    1000,
    () => new Promise<void>((resolve) => ((runs += 1), (done = resolve))),
    () => now,
  );
  const asked = [refresh(), refresh(), refresh()];
  expect(runs).toBe(1);
  done();
  await Promise.all(asked);
  await refresh();
  now = 999;
  await refresh();
  expect(runs).toBe(1);
  now = 1000;
  void refresh();
  expect(runs).toBe(2);
  done();
});

test('/metrics does not count sessions at each call', async () => {
  const lango = await startTestLango();
  const live = async () => /^lango_sessions_live (\d+)$/m.exec((await get(lango, '/metrics')).text)?.[1];
  expect(await live()).toBe('0');
  await lango.asOwner(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, username, nas_address, started_at, updated_at, received_at)
     VALUES ($1, 1, 'm1', 'm', '127.0.0.1', now(), now(), now())`,
    [lango.company.tenantId.toString()],
  );
  expect(await live()).toBe('0');
  await lango.stop();
});

describe('askStatus', () => {
  const secret = Buffer.from('sesame');
  const ask = (port: number, word = 'sesame') =>
    askStatus({ host: '127.0.0.1', port, secret: word, from: '127.0.0.9' }, 300);

  test('sends a Status-Server that a server can verify, from the address it was told, and believes only a signed answer', async () => {
    const server = createSocket('udp4');
    const seen: unknown[] = [];
    let forge = false;
    server.on('message', (datagram, from) => {
      const decoded = decodePacket(datagram);
      if (decoded.kind !== 'packet') return;
      const { packet } = decoded;
      seen.push([codeName(packet.code), verifyRequest(packet, secret), from.address]);
      const answer = PacketBuilder.reply(packet, Code.AccessAccept).seal(forge ? Buffer.from('guess') : secret);
      server.send(answer, from.port, from.address);
    });
    await new Promise<void>((bound) => server.bind(0, '127.0.0.1', () => bound()));
    const port = server.address().port;
    expect(await ask(port)).toBe(true);
    expect(seen).toEqual([[codeName(Code.StatusServer), 'valid', '127.0.0.9']]);
    forge = true;
    expect(await ask(port)).toBe(false);
    server.close();
    expect(await ask(port)).toBe(false);
  });
});
