import { newCounters } from './counters';
import { IntakeQueue, type IntakeOptions, type Waiting } from './intake-queue';
import type { SessionRecord } from './record';
import type { Written } from './store';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A database that answers when told to, and the batches that it has in hand. */
function listening() {
  const batches: { sessions: string[]; answer: (written: Written) => void }[] = [];
  const store = {
    apply: (records: readonly SessionRecord[]) =>
      new Promise<Written>((answer) => batches.push({ sessions: records.map(({ sessionId }) => sessionId), answer })),
  };
  const intake = new IntakeQueue({
    store,
    spool: { usable: false },
    counters: newCounters(),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    patience_ms: 60_000,
  } as unknown as IntakeOptions);
  const answered: string[] = [];
  const add = (sessionId: string): void => {
    const record = { kind: 'session', sessionId, nas: { id: '1' } } as unknown as SessionRecord;
    const item: Waiting = {
      record,
      since_ms: performance.now(),
      settled: false,
      spooling: false,
      done: () => answered.push(sessionId),
    };
    intake.add(item);
  };
  return { intake, batches, answered, add };
}

const many = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}${n}`);

test('a full batch does not wait for the one under way, a small one does, and there are never three', async () => {
  const { intake, batches, answered, add } = listening();
  add('first');
  await turn();
  for (const session of many('second', 47)) add(session);
  await turn();
  expect(batches).toHaveLength(1);
  add('the 48th');
  await turn();
  expect(batches.map(({ sessions }) => sessions.length)).toEqual([1, 48]);
  for (const session of many('third', 100)) add(session);
  await turn();
  expect(batches).toHaveLength(2);

  // The second may end before the first: each is answered for itself.
  batches[1]!.answer({ kind: 'ok' });
  await turn();
  expect(answered).toHaveLength(48);
  expect(batches.map(({ sessions }) => sessions.length)).toEqual([1, 48, 100]);
  batches[0]!.answer({ kind: 'ok' });
  batches[2]!.answer({ kind: 'ok' });
  await intake.drain(1000);
  expect(answered).toHaveLength(149);
});

test('two packets of one session are never under way together, however many batches are', async () => {
  const { intake, batches, answered, add } = listening();
  add('a');
  await turn();
  for (const session of ['a', ...many('b', 60), 'a']) add(session);
  await turn();
  expect(batches[1]!.sessions).toEqual(many('b', 60));
  batches[1]!.answer({ kind: 'ok' });
  await turn();
  expect(batches).toHaveLength(2);
  batches[0]!.answer({ kind: 'ok' });
  const ended = intake.drain(1000);
  while (answered.length < 63) {
    await turn();
    for (const { sessions, answer } of batches.slice(2)) {
      expect(sessions).toEqual(['a']);
      answer({ kind: 'ok' });
    }
  }
  await ended;
});
