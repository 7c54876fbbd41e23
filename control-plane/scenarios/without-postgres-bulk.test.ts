/** A snapshot that is told of very many changes at once. */
import { until } from '../test-kit/until';
import { worldWithoutPostgres } from './without-postgres-world';

jest.setTimeout(120_000);

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
  for (let n = 0; n < 6; n++) await there.world.addSubscription({ username: `aa${n}` });
  // Logins of a company that come before his in a pass, which takes its time over them.
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
  await there.world.sql(
    `WITH many AS (UPDATE radcheck SET value = 'other' WHERE username LIKE 'many%' RETURNING 1)
     UPDATE subscription SET status = 'suspended' WHERE id = $1 AND (SELECT count(*) FROM many) > 0`,
    [id],
  );
  const seen = await until(
    () => [decided('zz-last'), inSnapshot('SELECT passing FROM state').trim()],
    ([decision]) => decision !== 'accept',
    20_000,
  );
  expect(seen).toEqual(['', '1']);
  await becomes('zz-last', 'reject');
});
