import { Client } from 'pg';
import { entitlement, proveEntitlement } from '../cli/prove/entitlement';
import type { ProofInput, ProofResult } from '../cli/prove/proof';
import { createTestDatabase } from '../test-kit/database';
import { startTestLango } from '../test-kit/lango';

jest.setTimeout(240_000);

const small: ProofInput = { seed: 20261121, minutes: 0, size: 'small', progress: () => undefined };

/** Runs the small proof, on a database whose functions `spoil` may have changed. */
async function prove(spoil?: string): Promise<ProofResult> {
  const db = await createTestDatabase();
  try {
    if (spoil !== undefined) {
      const owner = new Client({ connectionString: db.ownerUrl });
      await owner.connect();
      await owner.query(spoil);
      await owner.end();
    }
    return await proveEntitlement(small, () => startTestLango({ db }));
  } finally {
    await db.drop();
  }
}

test('whatever befalls subscriptions, logins and the network agree with a second reading of their plans', async () => {
  expect(entitlement.name).toBe('entitlement');
  const result = await prove();
  expect(result.violations).toEqual([]);
  expect(Number(result.done['logins'])).toBeGreaterThan(200);
  expect(Number(result.done['changes'])).toBeGreaterThan(40);
  expect(Number(result.done['records'])).toBeGreaterThan(40);
  expect(Number(result.done['orders to the network'])).toBeGreaterThan(20);
});

test.each([
  [
    'hours that are free of charge being counted',
    `CREATE OR REPLACE FUNCTION plan_free_bytes(p_week jsonb, p_timezone text, p_at timestamptz, p_seconds bigint, p_bytes bigint) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 0::bigint'`,
  ],
  [
    'periods that end a day late',
    `CREATE OR REPLACE FUNCTION plan_cycle_end(p_unit text, p_timezone text, p_at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS
     $$ SELECT (date_trunc(p_unit, p_at AT TIME ZONE p_timezone) + ('1 ' || p_unit)::interval + interval '1 day') AT TIME ZONE p_timezone $$`,
  ],
  [
    'sessions that are not told of another rate',
    `CREATE OR REPLACE FUNCTION session_must_rerate(p_reason text, p_told_rate text, p_class bytea, p_rate text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false'`,
  ],
])('it finds %s', async (_what, spoil) => {
  expect((await prove(spoil)).violations.length).toBeGreaterThan(0);
});
