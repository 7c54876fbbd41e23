/** A snapshot that is told of very many changes at once. */
import { Client } from 'pg';
import { SnapshotFile } from '../../radius/snapshot/snapshot-file';
import { until } from '../test-kit/until';
import { worldWithoutPostgres } from './without-postgres-world';

jest.setTimeout(120_000);

afterEach(() => jest.restoreAllMocks());
const there = worldWithoutPostgres();
const { inSnapshot } = there;

const decided = (username: string): string =>
  inSnapshot(`SELECT DISTINCT value FROM reply WHERE username = '${username}' AND attribute = 'Lango-Decision'`).trim();
const becomes = (username: string, decision: string): Promise<string> =>
  until(
    () => decided(username),
    (is) => is === decision,
    45_000,
  );

test('a suspension that comes behind twenty thousand changes of another login is not missed', async () => {
  const id = await there.world.addSubscription({ username: 'last' });
  await becomes('last', 'accept');
  await there.world.sql(
    `WITH noise AS (INSERT INTO snapshot_change (tenant_id, username) SELECT $2::bigint, 'noisy' FROM generate_series(1, 20001) RETURNING 1)
     UPDATE subscription SET status = 'suspended' WHERE id = $1 AND (SELECT count(*) FROM noise) > 0`,
    [id, there.world.tenantId],
  );
  await becomes('last', 'reject');
});

test('whoever is suspended along with twenty thousand others leaves before they are all read anew', async () => {
  const id = await there.world.addSubscription({ username: 'zz-last' });
  await there.world.sql(
    `INSERT INTO radcheck (tenant_id, username, attribute, op, value)
     SELECT $1, 'many' || n, 'Cleartext-Password', ':=', 'sesame' FROM generate_series(1, 20001) n`,
    [there.world.tenantId],
  );
  await becomes('zz-last', 'accept');
  await until(
    () => inSnapshot('SELECT passing FROM state').trim(),
    (passing) => passing === '0',
    90_000,
  );
  // What the file says of him as soon as it has forgotten somebody, and before the pass begins.
  const said: string[] = [];
  const forget = SnapshotFile.prototype['forget'];
  jest.spyOn(SnapshotFile.prototype, 'forget').mockImplementation(async function (this: SnapshotFile, logins) {
    await forget.call(this, logins);
    said.push(`${decided('zz-last')}, passing ${inSnapshot('SELECT passing FROM state').trim()}`);
  });
  await there.world.sql(
    `WITH many AS (UPDATE radcheck SET value = 'other' WHERE username LIKE 'many%' RETURNING 1)
     UPDATE subscription SET status = 'suspended' WHERE id = $1 AND (SELECT count(*) FROM many) > 0`,
    [id],
  );
  await becomes('zz-last', 'reject');
  expect(said).toEqual([', passing 0']);
});

test('what changes along with twenty thousand others is read while an old transaction is open', async () => {
  for (let n = 0; n < 201; n += 1) await there.world.addSubscription({ username: `before-${n}` });
  const id = await there.world.addSubscription({ username: 'behind' });
  const becomesOf = (status: string): string => `UPDATE subscription SET status = '${status}' WHERE id = $1`;
  await there.world.sql(becomesOf('suspended'), [id]);
  await becomes('behind', 'reject');
  await until(
    () => inSnapshot('SELECT passing FROM state').trim(),
    (passing) => passing === '0',
    90_000,
  );
  const old = new Client({ connectionString: there.world.db.ownerUrl });
  await old.connect();
  try {
    await old.query('BEGIN');
    await old.query('SELECT pg_current_xact_id()');
    await there.world.sql(
      `WITH many AS (UPDATE radcheck SET value = 'third' WHERE username LIKE 'many%' RETURNING 1)
       ${becomesOf('active')} AND (SELECT count(*) FROM many) > 20000`,
      [id],
    );
    await becomes('behind', 'accept');
    await old.query('COMMIT');
  } finally {
    await old.end();
  }
});
