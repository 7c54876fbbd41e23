/** kill -9 of the process that works on an import, in the middle of it. */
import { signedInBrowser } from '../imports/testing/form-browser';
import { crashStage } from '../test-kit/crash-stage';
import { makePackage } from '../test-kit/story';

const ROWS = 250;
/** In the second chunk: one has been committed by then, and the one in hand is lost. */
const HELD = 150;

const stage = crashStage();
const { show, settled, work, killInTheMiddle } = stage;
const count = (rows: string) => stage.number(`(SELECT count(*) FROM ${rows})`);

test('an import whose process is killed in the middle goes on where it stood: nobody is lost and nobody is there twice', async () => {
  const { lango, holder } = stage;
  await makePackage(lango.api, { name: 'Home 10' });
  const staff = await signedInBrowser(lango);
  const lines = Array.from({ length: ROWS }, (_, n) => `Kept ${n},07${20_000_000 + n},kept-${n},secret-${n},Home 10`);
  const csv = Buffer.from(`Name,Phone,Username,Password,Plan\n${lines.join('\n')}\n`);
  const uploaded = await staff.upload('/imports', 'customers.csv', csv);
  const drafted = await staff.post(uploaded.location, staff.chosen((await staff.get(uploaded.location)).html));
  const id = drafted.location.replace('/bulk/', '');

  // Somebody is taking the login of one row at this moment, so that the process certainly stands in the middle when it is killed.
  await holder.query('BEGIN');
  const name = `subscription ${lango.company.tenantId} kept-${HELD}`;
  await holder.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
  await lango.api.post(`/bulk/${id}/start`);
  work();
  await killInTheMiddle(id);
  const kept = await count(`subscriber WHERE name LIKE 'Kept %'`);
  expect([kept > 0, kept <= HELD]).toEqual([true, true]);
  expect(await show(id)).toMatchObject({ state: 'running', done: kept });
  work();
  expect(await settled(id, 'done')).toMatchObject({ done: ROWS, refused: 0 });
  expect(await count(`subscriber WHERE name LIKE 'Kept %'`)).toBe(ROWS);
  expect(await count(`subscription WHERE username LIKE 'kept-%'`)).toBe(ROWS);
  await lango.api.post(`/bulk/${id}/undo`);
  expect(await settled(id, 'undone')).toMatchObject({ undone: ROWS, kept: 0 });
  expect(await count(`subscriber WHERE name LIKE 'Kept %' AND deleted_at IS NULL`)).toBe(0);
}, 240_000);
