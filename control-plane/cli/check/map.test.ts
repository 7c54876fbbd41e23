import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../platform/project-root';
import { mapRows, renderMap, tablesIn } from './map';

test('docs/map.md is what the code says now', () => {
  const path = join(projectRoot(), 'docs/map.md');
  const standing = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // When this fails: npm run check -- --write, then look at what changed.
  expect(standing).toBe(renderMap());
});

test('every route that touches data names its command and its tables', () => {
  const rows = mapRows();
  const staff = rows.find((row) => row.address === 'POST /api/staff');
  expect(staff).toMatchObject({
    file: 'control-plane/staff/api.routes.ts',
    commands: expect.arrayContaining(['createStaff (staff/create-staff.ts)']),
  });
  expect(staff?.tables).toEqual(expect.arrayContaining(['staff', 'staff_role', 'audit_record()']));
  const api = rows.filter((row) => row.address.includes('/api/'));
  expect(api.filter((row) => row.commands.length === 0).map((row) => row.address)).toEqual([]);
});

test('tables are read out of Prisma calls and SQL alike, and nothing else is taken for one', () => {
  expect(
    tablesIn(
      'await ctx.tx.plan.create(); sql`SELECT x FROM subscriber s JOIN payment p ON true`; // FROM nowhere INTO thin air',
    ),
  ).toEqual(['plan', 'subscriber', 'payment']);
});
