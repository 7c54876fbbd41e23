import type { Actor } from './context';
import { forgetAll, remember } from './remember';

const actor = (reseller?: bigint): Actor => ({
  kind: 'staff',
  id: 1n,
  name: 'Amina',
  ip: null,
  permissions: new Set(),
  ...(reseller === undefined ? {} : { reseller }),
});
const company = (tenantId: bigint, reseller?: bigint) => ({ tenantId, actor: actor(reseller) });

let made = 0;
const make = (): Promise<number> => Promise.resolve((made += 1));
beforeEach(() => {
  forgetAll();
  made = 0;
});

test('an answer is kept for its time, and another company makes its own', async () => {
  expect(await remember(company(1n), 'x', 60_000, make)).toBe(1);
  expect(await remember(company(1n), 'x', 60_000, make)).toBe(1);
  expect(await remember(company(1n), 'y', 0, make)).toBe(2);
  expect(await remember(company(1n), 'y', 0, make)).toBe(3);
  expect(await remember(company(2n), 'x', 60_000, make)).toBe(4);
});

test('who sees a part of a company is neither told of the whole nor the others of the part', async () => {
  expect(await remember(company(1n), 'x', 60_000, make)).toBe(1);
  expect(await remember(company(1n, 7n), 'x', 60_000, make)).toBe(2);
  expect(await remember(company(1n, 8n), 'x', 60_000, make)).toBe(3);
  expect(await remember(company(1n), 'x', 60_000, make)).toBe(1);
});

test('two who ask at once share one answer; when it fails, the other makes their own and nothing is kept', async () => {
  expect(
    await Promise.all([remember(company(1n), 'x', 60_000, make), remember(company(1n), 'x', 60_000, make)]),
  ).toEqual([1, 1]);
  const failing = remember(company(1n), 'z', 60_000, () => Promise.reject(new Error('gone')));
  const second = remember(company(1n), 'z', 60_000, make);
  await expect(failing).rejects.toThrow('gone');
  expect(await second).toBe(2);
  expect(await remember(company(1n), 'z', 60_000, make)).toBe(3);
});
