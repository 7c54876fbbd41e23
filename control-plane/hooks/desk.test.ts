import { createLog } from '../platform/log';
import { until } from '../test-kit/until';
import { createHookDesk } from './desk';
import type { HookEvent, HookKind, HookOutcome, HookTools } from './kind';

/** A database that only takes notes of what became of calls. */
function notebook() {
  const noted: string[] = [];
  const write = (parts: TemplateStringsArray, ...values: unknown[]): Promise<number> => {
    if (parts.join('').includes('hook_note_many'))
      noted.push(...(values[1] as bigint[]).map((id, at) => `${id} ${(values[2] as string[])[at]}`));
    return Promise.resolve(1);
  };
  const tools = { db: { outside: { $executeRaw: write } }, log: createLog('test', 'silent') } as unknown as HookTools;
  return { noted, tools };
}

const event = (id: number, tenantId = 1n): HookEvent =>
  ({ id: BigInt(id), tenantId, kind: 'pay', tries: 0 }) as HookEvent;

/** A kind whose goes end when they are told to; `outcome` says what becomes of a call that goes with others. The first call is one that takes its time. */
function gate(outcome: (id: number) => HookOutcome | undefined) {
  const goes: { ids: number[]; end: () => void; fail: () => void }[] = [];
  const alone: number[] = [];
  const begun = (ids: number[]): Promise<void> =>
    new Promise((end, fail) => {
      goes.push({ ids, end, fail: () => fail(new Error('broken')) });
    });
  const kind: HookKind = {
    kind: 'pay',
    account: 'mpesa',
    async handle(one) {
      alone.push(Number(one.id));
      if (one.id === 1n) await begun([1]);
      return { kind: 'done' };
    },
    async handleTogether(events) {
      const ids = events.map(({ id }) => Number(id));
      await begun(ids);
      return ids.map(outcome);
    },
  };
  return { goes, alone, kind };
}
const reaches = (list: readonly unknown[], count: number) =>
  until(
    () => list.length,
    (length) => length === count,
  );
const allOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `${at + 1} done`);

test('what comes while another is at work goes together in the next go, company by company; what comes alone waits for nobody', async () => {
  const { noted, tools } = notebook();
  const { goes, alone, kind } = gate(() => ({ kind: 'done' }));
  const desk = createHookDesk(tools);
  desk.put(kind, event(1));
  expect(alone).toEqual([1]);
  for (const id of [2, 3]) desk.put(kind, event(id));
  desk.put(kind, event(4, 2n));
  desk.put(kind, event(5));
  goes[0]!.end();
  await reaches(goes, 2);
  expect(goes[1]!.ids).toEqual([2, 3, 5]);
  goes[1]!.end();
  await reaches(noted, 5);
  expect(noted.toSorted()).toEqual(allOf(5));
  expect(alone).toEqual([1, 4]);
  await desk.stop();
});

test('a go that takes long holds up nobody', async () => {
  const { noted, tools } = notebook();
  const { goes, kind } = gate(() => ({ kind: 'done' }));
  const desk = createHookDesk(tools);
  for (const id of [1, 2, 3]) desk.put(kind, event(id));
  // The first is not over yet.
  await reaches(goes, 2);
  expect(goes[1]!.ids).toEqual([2, 3]);
  goes[1]!.end();
  goes[0]!.end();
  await reaches(noted, 3);
  expect(noted.toSorted()).toEqual(allOf(3));
  await desk.stop();
});

test('a call that is none for the others is worked on by itself, and so is each of a go that breaks off', async () => {
  const { noted, tools } = notebook();
  const { goes, alone, kind } = gate((id) => (id === 3 ? undefined : { kind: 'done' }));
  const desk = createHookDesk(tools);
  for (const id of [1, 2, 3]) desk.put(kind, event(id));
  for (const id of [4, 5]) desk.put(kind, event(id, 2n));
  goes[0]!.end();
  await reaches(goes, 2);
  goes[1]!.end();
  await reaches(goes, 3);
  expect(goes[2]!.ids).toEqual([4, 5]);
  goes[2]!.fail();
  await reaches(noted, 5);
  expect(noted.toSorted()).toEqual(allOf(5));
  expect(alone).toEqual([1, 3, 4, 5]);
  await desk.stop();
});
