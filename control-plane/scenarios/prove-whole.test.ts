import { malformed } from '../cli/prove/malformed';
import type { ProofInput } from '../cli/prove/proof';
import { soak } from '../cli/prove/soak';

jest.setTimeout(180_000);

const small: ProofInput = { seed: 20261121, minutes: 0, size: 'small', progress: () => undefined };

test('mutated packets and bodies end no process and get a drop or a clear refusal', async () => {
  const result = await malformed.run(small);
  expect(result.violations).toEqual([]);
  expect(result.done['mutated answers to Disconnects']).toBeGreaterThanOrEqual(120);
  expect(result.done['answers by status']).toMatch(/400 \d+×.*422 \d+×/);
});

test('a town that lives for a while leaves no free rider, and every process tells its memory', async () => {
  const result = await soak.run(small);
  expect(result.violations).toEqual([]);
  expect(Number(result.done['accounting records acknowledged'])).toBeGreaterThan(40);
  for (const part of ['web', 'enforcer', 'accounting worker', 'postgres', 'freeradius'])
    expect(result.done['MiB resident, second quarter, last quarter']).toMatch(new RegExp(`${part} \\d+ \\d+ → \\d+`));
});
