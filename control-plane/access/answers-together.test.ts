import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startAuthorizer } from '../../radius/authorizer';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { insertCompany, insertRouter, insertSubscription, type SubscriptionRow } from '../test-kit/rows';
import { stopwatch } from '../test-kit/stopwatch';
import { until } from '../test-kit/until';

jest.setTimeout(60_000);

let db: TestDatabase;
let owner: Client;
let tenantId: string;
let router: string;
/** Has sent Message-Authenticator before. */
let signer: string;
beforeAll(async () => {
  db = await createTestDatabase();
  owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
  tenantId = await insertCompany(owner, 'Umoja');
  router = await insertRouter(owner, tenantId, { address: '127.61.0.1' });
  signer = await insertRouter(owner, tenantId, { address: '127.61.0.2' });
  await owner.query(
    `INSERT INTO nas_status (nas_id, tenant_id, message_authenticator_seen_at) VALUES ($1, $2, lango_now())
     ON CONFLICT (nas_id) DO UPDATE SET message_authenticator_seen_at = excluded.message_authenticator_seen_at`,
    [signer, tenantId],
  );
});
afterAll(async () => {
  await owner.end();
  await db.drop();
});

const hex = (text: string): string => Buffer.from(text).toString('hex');

interface Asked {
  router?: string;
  /** Proxy-State, as a RADIUS proxy on the way adds it. */
  proxied?: boolean;
  username?: Buffer | string;
  station?: string;
  type?: string;
  policy?: string;
  company?: string;
  signed?: boolean;
  service?: string;
}

/** What radiusd.conf would ask. */
function question(o: Asked): string {
  const name = Buffer.isBuffer(o.username) ? o.username.toString('hex') : hex(o.username ?? '');
  const asker = [o.router ?? router, tenantId, o.type ?? 'mikrotik', o.policy ?? 'auto', o.company ?? 'approved'];
  return [
    ...asker,
    name,
    hex(o.station ?? ''),
    o.service ?? '2',
    '15',
    o.signed === false ? '' : '0xab',
    o.proxied ? '0xcd' : '',
    hex('hs-yard'),
    hex('gw'),
  ].join(' ');
}

type Pair = readonly [attribute: string, value: string, op: string];

/** The short way gives what stands in the log of answers at once. */
function inFull([attribute, value, op]: Pair): Pair[] {
  if (attribute !== 'Lango-Log') return [[attribute, value, op]];
  const [tenant, nas, login, decision, reason, signed, name, station, service, port, called, identity] =
    value.split(' ');
  expect({
    decision,
    reason,
    signed: /^1?$/.test(signed!),
    service: /^\d$/.test(service!),
    port,
    called,
    identity,
  }).toEqual({
    decision: 'accept',
    reason: 'active',
    signed: true,
    service: true,
    port: '15',
    called: hex('hs-yard'),
    identity: hex('gw'),
  });
  expect(`${name} ${station}`).toMatch(/^[0-9a-f]+ [0-9a-f]*$/);
  return [
    ['Lango-Login', `${tenant} ${nas} ${login}`, op],
    ['Lango-Decision', decision!, op],
    ['Lango-Reason', reason!, op],
  ];
}

/** Sorted, with the random login id blanked. */
function comparable(pairs: readonly Pair[]): string[] {
  return pairs
    .flatMap(inFull)
    .map(([attribute, value, op]) => {
      const plain = value.replace(/\b[0-9a-f]{16}\b/, 'LOGIN');
      return `${attribute} ${op} ${plain}`;
    })
    .toSorted();
}

async function defined(text: string): Promise<string[]> {
  const { rows } = await owner.query<{ attribute: string; value: string; op: string }>(
    'SELECT attribute, value, op FROM aaa_ask($1)',
    [text],
  );
  return comparable(rows.map(({ attribute, value, op }) => [attribute, value, op] as const));
}

async function together(texts: readonly string[]): Promise<string[][]> {
  const { rows } = await owner.query<{ answers: string }>('SELECT aaa_authorize_many($1, $2, $3, $4) AS answers', [
    texts.map((text) => text.split(' ')[1]),
    texts.map((text) => text.split(' ')[5]),
    texts.map((_, i) => i.toString(16).padStart(16, '0')),
    texts,
  ]);
  return rows[0]!.answers.split('\u0003').map((answer) => {
    const [names, values, ops] = answer.split('\u0002').map((part) => part.split('\u0001'));
    return comparable(names!.map((name, i) => [name, values![i]!, ops![i]!] as const));
  });
}

/** Small sequences that are the same at every run. */
function random(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

test('logins answered together get what each would get alone, whatever their state', async () => {
  const pick = random(11);
  const of = <T>(...values: T[]): T => values[pick(values.length)]!;
  const names: string[] = [];
  for (let i = 0; i < 160; i++) {
    const device = `02:00:00:00:00:${i.toString(16).padStart(2, '0').toUpperCase()}`;
    const username = pick(8) ? `${of('user', 'o\'brien "x"', 'na\\me', 'jina-é')}${i}` : device;
    names.push(username);
    const row: SubscriptionRow = {
      username,
      status: of('active', 'active', 'active', 'active', 'suspended', 'paused', 'pending', 'ended'),
      expiresIn_s: of(86_400, 86_400, 86_400, 40_000_000, -60, -7200),
      ...(pick(8) ? { password: of('sesame', username, 'a"b', 'pi|pe`x`', `a\u0001b\u0002c\u0003d`, '%{x}') } : {}),
      ...(pick(3) ? { usedBytes: of(0, 5000, 999_999, 1_000_000) } : {}),
      ...(pick(6) ? {} : { macLock: 'AA:BB:CC:00:00:01' }),
      ...(pick(5) ? {} : { staticIp: `100.64.1.${i}` }),
      topupBytes: of(0, 0, 4_294_967_296),
      plan: {
        quota_bytes: of(null, 1_000_000, 4_294_967_296, 9_000_000_000_000),
        on_quota: of('cut', 'throttle'),
        throttle_down_kbps: 64,
        throttle_up_kbps: 32,
        grace_s: of(0, 3600),
        simultaneous_use: of(1, 1, 2),
        pool: of(null, 'pool1'),
        address_list: of(null, 'list'),
      },
    };
    const id = await insertSubscription(owner, tenantId, row);
    for (let session = of(0, 0, 0, 1, 2); session > 0; session--)
      await owner.query(
        `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, mac, started_at, updated_at, received_at)
         VALUES ($1, $2, md5(random()::text), $3, $4, '127.61.0.1', $5, lango_now(), lango_now(), lango_now() - make_interval(secs => $6))`,
        [tenantId, router, id, username, of('AA:BB:CC:00:00:01', 'AA:BB:CC:00:00:02'), of(1, 7200)],
      );
  }
  const questions = names.flatMap((username) => [
    question({ username, station: of('AA-BB-CC-00-00-01', 'aabb.cc00.0002', '') }),
    question({
      username,
      router: of(router, signer),
      proxied: pick(4) === 0,
      type: of('mikrotik', 'other'),
      policy: of('auto', 'require', 'off'),
      company: of('approved', 'approved', 'suspended'),
      signed: pick(2) === 1,
      service: of('1', '2'),
    }),
  ]);
  questions.push(
    question({ username: 'nobody' }),
    question({ username: '' }),
    question({ username: Buffer.from([0xff, 0xfe, 0]) }),
  );
  // In one transaction lango_now() stands still, so that the seconds left are the same as well.
  await owner.query('BEGIN');
  const answers = await together(questions);
  expect(answers).toHaveLength(questions.length);
  let quick = 0;
  for (const [i, text] of questions.entries()) {
    expect({ text, answer: answers[i] }).toEqual({ text, answer: await defined(text) });
    // Alone among the two, the short way uses the login id that it was given.
    quick += Number(answers[i]!.includes('Lango-Reason := active'));
  }
  await owner.query('COMMIT');
  // Enough of both kinds to have compared something.
  expect(quick).toBeGreaterThan(30);
  expect(questions.length - quick).toBeGreaterThan(100);
});

test('a router that has never signed is answered the short way too, and one that has is refused unsigned', async () => {
  await insertSubscription(owner, tenantId, { username: 'old router', password: 'sesame' });
  const ask = (o: Asked): string => question({ username: 'old router', signed: false, ...o });
  const { rows } = await owner.query<{ answers: string }>('SELECT aaa_authorize_many($1, $2, $3, $4) AS answers', [
    Array<string>(3).fill(tenantId),
    Array<string>(3).fill(hex('old router')),
    Array<string>(3).fill('0123456789abcdef'),
    [ask({}), ask({ router: signer }), ask({ proxied: true })],
  ]);
  const [never, before, proxied] = rows[0]!.answers.split('\u0003');
  // The long way has three attributes for the log where the short one has a line.
  expect(never!.split('\u0001')[0]).toBe('Lango-Log');
  expect(before).toContain('unsigned_request');
  expect(proxied).toContain('unsigned_proxy');
});

describe('the authorizer', () => {
  let folder: string;
  let authorizer: { stop(): Promise<void> };
  const said: string[] = [];
  const log = { warn: (_: object, text: string) => void said.push(text), info: () => undefined };
  const connect = async (): Promise<Client> => {
    const client = new Client({ host: folder, port: 5432, user: 'lango', database: 'lango', ssl: false });
    await client.connect();
    return client;
  };
  /** As radiusd.conf writes it. */
  const ask = (text: string): string => `SELECT id, username, attribute, value, op FROM aaa_ask('${text}')`;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lango-test-authorizer-'));
    authorizer = await startAuthorizer({ databaseUrl: db.urls.radius, socket: join(folder, '.s.PGSQL.5432'), log });
  });
  afterAll(async () => {
    await authorizer.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is Postgres to a client of Postgres, and closed to other users', async () => {
    expect(statSync(join(folder, '.s.PGSQL.5432')).mode & 0o777).toBe(0o600);
    const client = await connect();
    const { rows } = await client.query(`SELECT 'é' AS text, NULL::text AS nothing, 7 AS number`);
    expect(rows).toEqual([{ text: 'é', nothing: null, number: '7' }]);
    await expect(client.query('SELECT no_such_function()')).rejects.toThrow(/no_such_function/);
    // And goes on after it.
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
    await client.end();
  });

  test('many at once get each their own answer, in one statement or few', async () => {
    for (let i = 0; i < 20; i++)
      await insertSubscription(owner, tenantId, { username: `many${i}`, password: `password ${i}` });
    const clients = await Promise.all(Array.from({ length: 20 }, connect));
    const logins = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        clients.map((client, i) =>
          client.query<{ attribute: string; value: string }>(ask(question({ username: `many${i}` }))),
        ),
      );
      answers.forEach(({ rows }, i) => {
        const reply = Object.fromEntries(rows.map(({ attribute, value }) => [attribute, value]));
        expect(reply).toMatchObject({
          'Cleartext-Password': `password ${i}`,
          'Lango-Log': expect.stringContaining(' accept active ') as string,
        });
        logins.add(reply['Class']!.split(':')[2]!);
      });
    }
    // No login id is ever given twice.
    expect(logins.size).toBe(60);
    await Promise.all(clients.map((client) => client.end()));
  });

  test('a question that Postgres stumbles over takes no other with it', async () => {
    await insertSubscription(owner, tenantId, { username: 'sound', password: 'sesame' });
    await insertSubscription(owner, tenantId, { username: 'stumbles', password: 'sesame', expiresIn_s: -7200 });
    await owner.query(`CREATE OR REPLACE FUNCTION access_sentence(p_code text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
      $$ BEGIN IF p_code = 'expired' THEN RAISE 'stumbled'; END IF; RETURN 'x'; END $$`);
    const clients = await Promise.all(Array.from({ length: 8 }, connect));
    const answers = await Promise.allSettled(
      clients.map((client, i) => client.query(ask(question({ username: i % 4 === 1 ? 'stumbles' : 'sound' })))),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      clients.map((_, i) => (i % 4 === 1 ? 'rejected' : 'fulfilled')),
    );
    await Promise.all(clients.map((client) => client.end()));
  });

  test('a statement that hangs is refused within a second, then at once, until the database answers again', async () => {
    const client = await connect();
    const blocker = new Client({ connectionString: db.ownerUrl });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE access_card IN ACCESS EXCLUSIVE MODE');
    const asked = stopwatch();
    await expect(client.query(ask(question({ username: 'sound' })))).rejects.toThrow();
    expect(asked()).toBeLessThan(3000);
    await blocker.query('ROLLBACK');
    await blocker.end();
    await until(
      () =>
        client.query(ask(question({ username: 'sound' }))).then(
          () => true,
          () => false,
        ),
      Boolean,
    );
    await client.end();
  });

  test('what is no protocol of Postgres ends that connection and nothing else', async () => {
    const { connect: open } = await import('node:net');
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(64, 0xff),
      Buffer.from([0, 0, 0, 0, 0, 0]),
    ]) {
      const socket = open(join(folder, '.s.PGSQL.5432'));
      await new Promise<void>((resolve) => {
        socket.on('close', () => resolve());
        socket.on('error', () => undefined);
        socket.write(bytes);
      });
    }
    const client = await connect();
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
    await client.end();
  });
});
