/** The proof of random histories finds each of these faults, which are put into the product on purpose. */
import { Client } from 'pg';
import { get } from '../../radius/attributes';
import type { AccountingRecord } from '../../radius/accounting/record';
import { SpoolWriter } from '../../radius/accounting/spool/writer';
import { AccountingStore } from '../../radius/accounting/store';
import { proveHistories } from '../cli/prove/histories';
import type { ProofResult } from '../cli/prove/proof';
import { createTestDatabase } from '../test-kit/database';

jest.setTimeout(180_000);
afterEach(() => jest.restoreAllMocks());

/** One small round; `spoil`: what is done to the database before. */
async function prove(
  spoil: (owner: Client) => Promise<unknown> = () => Promise.resolve(),
  seed = 20261122,
): Promise<ProofResult> {
  const database = await createTestDatabase();
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  try {
    await spoil(owner);
    return await proveHistories({ seed, minutes: 0, size: 'small', progress: () => undefined }, database);
  } finally {
    await owner.end();
    await database.drop();
  }
}

/** Rewrites a part of the rule of which life a packet belongs to. */
function sameLife(rule: string, by: string): (owner: Client) => Promise<unknown> {
  return async (owner) => {
    const { rows } = await owner.query<{ text: string }>(
      `SELECT pg_get_functiondef('accounting_same_life'::regproc) AS text`,
    );
    const text = rows[0]!.text;
    expect(text).toContain(rule);
    return owner.query(text.replace(rule, by));
  };
}

/** A method as it was, to be called with its object. */
const whole = <T, K extends keyof T>(of: T, name: K): T[K] => of[name];

/** What the spool keeps, changed. */
function keep(change: (records: readonly AccountingRecord[]) => AccountingRecord[]): void {
  const append: SpoolWriter['append'] = whole(SpoolWriter.prototype, 'append');
  jest.spyOn(SpoolWriter.prototype, 'append').mockImplementation(function (this: SpoolWriter, records) {
    return append.call(this, change(records));
  });
}

test('with clocks that are set, a spool that is drained late and routers that go down in order, all is counted', async () => {
  const { done, violations } = await prove();
  expect(violations).toEqual([]);
  const least = {
    'steps of routers’ clocks': 50,
    'packets that tell no time at times': 50,
    'steps of our own clock': 10,
    'Accounting-On heard': 40,
    'Accounting-Off heard': 20,
    'packets kept on disk': 100,
    'of them also written at once': 10,
    'logged in anew in the middle': 30,
  };
  for (const [what, n] of Object.entries(least)) expect([what, Number(done[what]) >= n]).toEqual([what, true]);
});

test('a spool that gives everything twice changes nothing', async () => {
  keep((records) => [...records, ...records]);
  expect((await prove()).violations).toEqual([]);
});

describe('is broken by', () => {
  test('an Accounting-Off that is ignored', async () => {
    const restarted: AccountingStore['restarted'] = whole(AccountingStore.prototype, 'restarted');
    jest.spyOn(AccountingStore.prototype, 'restarted').mockImplementation(async function (this: AccountingStore, r) {
      return get(r.packet, 'Acct-Status-Type') === 8 ? { kind: 'ok' } : restarted.call(this, r);
    });
    const { violations } = await prove();
    expect(violations.join('\n')).toMatch(/ended by nothing.*expected it to be ended by its router's restart/);
  });

  test('an Event-Timestamp that is believed whatever it says', async () => {
    const apply: AccountingStore['apply'] = whole(AccountingStore.prototype, 'apply');
    jest.spyOn(AccountingStore.prototype, 'apply').mockImplementation(function (this: AccountingStore, records) {
      const believed = records.map((record) => {
        const said = get(record.packet, 'Event-Timestamp');
        return said ? { ...record, event_ms: said.getTime(), flags: record.flags | 1 } : record;
      });
      return apply.call(this, believed);
    });
    expect((await prove()).violations.length).toBeGreaterThan(3);
  });

  test('a clock that is believed before the login', async () => {
    const { violations } = await prove(sameLife('WHEN login = r_login AND', 'WHEN NOT timed AND login = r_login AND'));
    expect(violations.length).toBeGreaterThan(3);
  });

  test('another login that is taken for the same when a clock was set back', async () => {
    const { violations } = await prove(
      sameLife('WHEN login <> r_login AND (kind = 1', 'WHEN login <> r_login AND NOT timed AND (kind = 1'),
    );
    expect(violations.join('\n')).toMatch(/clock steps/);
  });

  test('somebody who logs in anew and is known by his first login only', async () => {
    const { violations } = await prove(
      (owner) =>
        owner.query(`CREATE OR REPLACE FUNCTION accounting_known_login(p_kind smallint, p_login text, p_login_id text, p_relogin_ids text[]) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT p_login_id'`),
      1,
    );
    expect(violations.join('\n')).toMatch(/clock steps/);
  });

  test('a late record of a router without a clock that is taken for one of the life that goes on', async () => {
    const { violations } = await prove(
      sameLife(`ELSE interval '60 s' END THEN false`, `ELSE interval '60 days' END THEN false`),
    );
    expect(violations.join('\n')).toMatch(/without Class/);
  });

  test('a spool that loses one record in ten', async () => {
    let n = 0;
    keep((records) => records.filter(() => (n += 1) % 10 !== 0));
    expect((await prove()).violations.length).toBeGreaterThan(0);
  });

  test('a spool that forgets when its records came', async () => {
    keep((records) => records.map((record) => ({ ...record, received_ms: record.received_ms + 3_600_000 })));
    expect((await prove()).violations.length).toBeGreaterThan(0);
  });
});
