import { Client } from 'pg';
import { Dice } from '../cli/prove/dice';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { addValidity, validityUnits } from './add-validity';

// Validities that wait for their first use are added to by SQL, where accounting hears of it; all others by add-validity.ts. Both must say the same.
let db: TestDatabase;
let owner: Client;
beforeAll(async () => {
  db = await createTestDatabase();
  owner = new Client({ connectionString: db.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await db.drop();
});

test.each(['Africa/Nairobi', 'Europe/Berlin', 'America/New_York'])(
  'SQL adds validities in %s as TypeScript does',
  async (zone) => {
    const dice = new Dice(20261121);
    const cases = Array.from({ length: 400 }, () => ({
      // Whole minutes of two years, with the ends of months and the nights when clocks change often among them.
      start: new Date(
        Date.UTC(
          2026,
          dice.between(0, 23),
          dice.pick([1, 8, 27, 28, 29, 30, 31, 25]),
          dice.between(0, 23),
          dice.between(0, 59),
        ),
      ),
      count: dice.between(1, 40),
      unit: dice.pick(validityUnits),
      ends: dice.pick(['exact', 'end_of_day'] as const),
    }));
    const { rows } = await owner.query<{ at: Date }>(
      `SELECT subscription_add_validity(c.start::timestamptz, c.count, c.unit, c.ends, $2) AS at
     FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (start text, count integer, unit text, ends text)) WITH ORDINALITY AS c (start, count, unit, ends, n) ORDER BY n`,
      [JSON.stringify(cases), zone],
    );
    const differ = cases.flatMap((one, n) => {
      const meant = addValidity(one.start, one, zone);
      return rows[n]?.at.getTime() === meant.getTime()
        ? []
        : [`${JSON.stringify(one)}: ${rows[n]?.at.toISOString()}, not ${meant.toISOString()}`];
    });
    expect(differ).toEqual([]);
  },
);
