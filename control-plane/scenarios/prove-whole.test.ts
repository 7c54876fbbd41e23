import { malformed } from '../cli/prove/malformed';
import type { ProofInput } from '../cli/prove/proof';
import { soak } from '../cli/prove/soak';

jest.setTimeout(300_000);

const small: ProofInput = { seed: 20261121, minutes: 0, size: 'small', progress: () => undefined };

test('mutated packets and bodies end no process and get a drop or a clear refusal', async () => {
  const result = await malformed.run(small);
  expect(result.violations).toEqual([]);
  expect(result.done['mutated answers to Disconnects']).toBeGreaterThanOrEqual(120);
  expect(result.done['answers by status']).toMatch(/400 \d+×.*422 \d+×/);
});

test('people who pay and run out while routers, lines, Postgres and FreeRADIUS fail: nobody unpaid online, nobody paid offline, ledger and usage exact', async () => {
  const result = await soak.run(small);
  expect(result.violations).toEqual([]);
  expect(Number(result.done['accounting records acknowledged'])).toBeGreaterThan(40);
  expect(result.done['payments']).toMatch(/[1-9]\d* prompts \(.*success \d+×/);
  for (const kind of [
    'a router loses power',
    'a line is down',
    'Postgres dies',
    'Postgres stands still',
    'FreeRADIUS dies',
  ])
    expect(result.done['what befell them']).toContain(`${kind} 1×`);
  for (const part of ['web', 'enforcer', 'accounting worker', 'postgres', 'freeradius'])
    expect(result.done['MiB resident, second quarter, last quarter']).toMatch(new RegExp(`${part} \\d+ \\d+ → \\d+`));
});
