import { outage } from '../cli/prove/outage';

jest.setTimeout(180_000);

test('Postgres stopped under load: known in, wrong out, unknown silent, every record kept, and back within seconds', async () => {
  const result = await outage.run({ seed: 1, minutes: 0, size: 'small', progress: () => undefined });
  expect(result.violations).toEqual([]);
  expect(Number(result.done['bytes compared'])).toBeGreaterThan(1_000_000);
});
