/** Two listeners that hold packets of the same sessions, as when routers have gone over to another host and the first one drains its spool. */
import { Client, type Pool } from 'pg';
import type { AccountingRecord, SessionRecord } from '../../radius/accounting/record';
import { accountingPool, AccountingStore } from '../../radius/accounting/store';
import { createAccountingWorld, type AccountingWorld } from './accounting-world';

const SESSIONS = 200;
const ROUNDS = 10;

let world: AccountingWorld;
let pool: Pool;
beforeAll(async () => {
  world = await createAccountingWorld();
  pool = accountingPool(world.database.urls.accounting);
});
afterAll(async () => {
  await pool.end();
  await world.end();
});

test('one that begins new lives of sessions and one that goes on with them do not wait for each other in a circle', async () => {
  const router = await world.router({ address: '10.10.0.1' });
  const now_s = Math.floor(Date.now() / 1000);
  const packet = (n: number, status: string, ago_s: number, seconds: number): AccountingRecord =>
    world.record(router, ago_s, {
      'Acct-Status-Type': status,
      'Acct-Session-Id': `s${String(n).padStart(4, '0')}`,
      'Acct-Session-Time': seconds,
      'Acct-Output-Octets': seconds * 10,
      'Event-Timestamp': now_s - ago_s,
    });
  const each = Array.from({ length: SESSIONS }, (_, n) => n);
  const beganAgo_s = (life: number): number => 3000 - 200 * life;
  await world.write(each.map((n) => packet(n, 'Start', beganAgo_s(0), 0)));
  const listeners = [new AccountingStore(pool), new AccountingStore(pool)];
  for (let life = 0; life < ROUNDS; life++) {
    const goesOn = (n: number) => packet(n, 'Interim-Update', beganAgo_s(life) - 100, 100);
    const begins = (n: number) => packet(n, 'Start', beganAgo_s(life + 1), 0);
    const written = await Promise.all(
      listeners.map((store, which) =>
        store.apply(each.map((n) => (n % 2 === which ? begins(n) : goesOn(n)) as SessionRecord)),
      ),
    );
    expect(written).toEqual([{ kind: 'ok' }, { kind: 'ok' }]);
  }
  const lives = await world.sessions();
  expect(lives).toHaveLength(SESSIONS * (ROUNDS + 1));
  // Each life but the last was heard of once, 100 s after it began, whether before its end or after.
  expect(new Set(lives.map((life) => `${life.closed_by} ${life.output_bytes}`))).toEqual(
    new Set(['new_generation 1000', 'null 0']),
  );
});

test('nor do two that count usage of the same subscriptions over the turn of an hour', async () => {
  const all: string[] = [];
  for (let n = 0; n < 50; n++) all.push(await world.subscription());
  const writers = await Promise.all(
    [0, 1].map(async () => {
      const client = new Client({ connectionString: world.database.ownerUrl });
      await client.connect();
      return client;
    }),
  );
  /** A kilobyte of each: of `earlier` an hour ago, of `later` now. */
  const count = (writer: Client, earlier: readonly string[], later: readonly string[]): Promise<unknown> => {
    const of = <T>(was: T, is: T): T[] => [...earlier.map(() => was), ...later.map(() => is)];
    const kilobyte = of(1000, 1000);
    return writer.query('SELECT accounting_count_usage($1, $2, $3, $4, $4, $4)', [
      [...earlier, ...later],
      of(world.tenantId, world.tenantId),
      of(new Date(Date.now() - 3_600_000), new Date()),
      kilobyte,
    ]);
  };
  await count(writers[0]!, [], all);
  const halves = [0, 1].map((which) => all.filter((_, n) => n % 2 === which));
  for (let round = 0; round < ROUNDS; round++)
    await Promise.all(writers.map((writer, which) => count(writer, halves[which]!, halves[1 - which]!)));
  for (const writer of writers) await writer.end();
  const { cycles, hours } = await world.usage(all[0]!);
  expect(cycles).toEqual({ input: 21_000n, output: 21_000n, seconds: 21_000n });
  expect(hours).toEqual(cycles);
});
