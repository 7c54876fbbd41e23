import { Client } from 'pg';
import { Dice } from '../cli/prove/dice';
import { histories, proveHistories } from '../cli/prove/histories';
import { makeHistory } from '../cli/prove/histories/history';
import { expectedOf } from '../cli/prove/histories/oracle';
import { proveMoney } from '../cli/prove/money';
import { recount } from '../cli/prove/money/oracle';
import type { ProofInput } from '../cli/prove/proof';
import { runProof } from '../cli/prove/report';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { startTestLango } from '../test-kit/lango';

jest.setTimeout(180_000);

const small = (seed: number): ProofInput => ({ seed, minutes: 0, size: 'small', progress: () => undefined });

async function withDatabase<T>(work: (database: TestDatabase) => Promise<T>): Promise<T> {
  const database = await createTestDatabase();
  try {
    return await work(database);
  } finally {
    await database.drop();
  }
}

test('random histories of routers are counted as an oracle at the routers says', async () => {
  const result = await withDatabase((database) => proveHistories(small(20261121), database));
  expect(result.violations).toEqual([]);
  expect(Number(result.done['packets'])).toBeGreaterThan(1000);
  expect(Number(result.done['repeated'])).toBeGreaterThan(100);
  expect(Number(result.done['with 32-bit counters'])).toBeGreaterThan(5);
});

test('the histories find a counter that believes whatever came last', async () => {
  const result = await withDatabase(async (database) => {
    const owner = new Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await owner.query(`CREATE OR REPLACE FUNCTION accounting_counter(was bigint, seen bigint, wide boolean, newer boolean) RETURNS bigint
      LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT coalesce(seen, was)'`);
    await owner.end();
    return proveHistories(small(20261121), database);
  });
  expect(result.violations.length).toBeGreaterThan(3);
});

test('a history is the same for the same seed, and its oracle takes the last word that arrived of each life', () => {
  const [one, same, other] = [7, 7, 8].map((seed) => makeHistory(new Dice(seed)));
  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
  const life = { sid: 'a', loginId: '0', reports: [], endedByStop: true };
  const arrival = (kind: 'start' | 'interim' | 'stop', sessionTime_s: number, up: bigint) => ({
    at_ms: 0,
    sent_ms: 0,
    identifier: 0,
    life,
    report: { kind, at_ms: 0, sessionTime_s, up, down: 2n * up },
    restart: undefined,
    stamped: true,
    via: 'direct' as const,
  });
  const arrivals = [arrival('interim', 20, 200n), arrival('start', 0, 0n), arrival('interim', 10, 100n)];
  expect(expectedOf({ ...one!, echoesClass: true, lives: [life], arrivals })).toEqual([
    { sid: 'a', login: life.loginId, up: 200n, down: 400n, seconds: 20, stopped: false },
  ]);
});

test('payments, renewals and extensions at once are each done once while connections are cut', async () => {
  const result = await proveMoney(small(20261121), () => startTestLango());
  expect(result.violations).toEqual([]);
  expect(Number(result.done['payments'])).toBeGreaterThan(40);
  expect(Number(result.done['purchases'])).toBeGreaterThan(20);
});

test('the oracle of money finds a purchase too few and a cent too many', () => {
  const right = {
    reference: 'r',
    amount_cents: 700,
    price_cents: 500,
    outcome: 'renewed',
    applied_cents: 500,
    balance_cents: 200,
  };
  expect(recount([right])).toEqual({ faults: [], purchases: 1, balance_cents: 200 });
  expect(recount([{ ...right, balance_cents: 201 }]).faults).toHaveLength(1);
  expect(recount([{ ...right, outcome: 'wallet_short' }]).faults).toHaveLength(1);
});

test('a proof that cannot be carried out is no proof', async () => {
  const broken = { ...histories, run: () => Promise.reject(new Error('no database')) };
  expect((await runProof(broken, small(1))).violations.join()).toMatch(/could not be carried out.*no database/);
});
