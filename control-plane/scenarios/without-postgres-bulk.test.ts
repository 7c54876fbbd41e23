/** A snapshot that is told of very many changes at once. */
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
