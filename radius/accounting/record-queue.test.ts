import type { AccountingRecord } from './record';
import { RecordQueue, type Queued } from './record-queue';

/** A packet of session `s`, or a restart when there is none. */
function item(router: string, session?: string): Queued & { name: string } {
  const record = session === undefined ? { kind: 'restart' } : { kind: 'session', sessionId: session };
  return {
    name: `${router} ${session ?? 'restart'}`,
    record: { ...record, nas: { id: router } } as unknown as AccountingRecord,
  };
}

const named = (items: { name: string }[]) => items.map(({ name }) => name);

describe('records on their way to the database', () => {
  test('a restart waits for every packet that came before it, written or given up, and for none that came after', () => {
    const queue = new RecordQueue<ReturnType<typeof item>>();
    const before = item('1', 'a');
    const other = item('1', 'b');
    for (const one of [before, item('1'), other]) queue.add(one);
    expect(named(queue.take(1))).toEqual(['1 a']);
    expect(named(queue.take(1))).toEqual(['1 b']);
    queue.release([other]);
    expect(queue.take(10)).toEqual([]);
    queue.release([before]);
    expect(named(queue.take(10))).toEqual(['1 restart']);

    for (const one of [item('2', 'a'), item('2'), item('2', 'b')]) queue.add(one);
    expect(named(queue.removeWhile(({ name }) => name === '2 a'))).toEqual(['2 a']);
    expect(named([...queue.take(10), ...queue.take(10)])).toEqual(['2 b', '2 restart']);
    expect(queue.size).toBe(0);
  });

  test('a router that restarts without end takes turns with the others', () => {
    const queue = new RecordQueue<ReturnType<typeof item>>();
    for (let n = 0; n < 50; n++) queue.add(item('bad'));
    queue.add(item('good', 'a'));
    expect(named(queue.take(10))).toEqual(['bad restart']);
    expect(named(queue.take(10))).toEqual(['good a']);
    expect(named(queue.take(10))).toEqual(['bad restart']);
    expect(named(queue.take(10))).toEqual(['bad restart']);
  });

  test('twenty thousand packets and restarts by turns cost seconds and not minutes, taken or removed', () => {
    const fill = () => {
      const queue = new RecordQueue<ReturnType<typeof item>>();
      for (let n = 0; n < 10_000; n++) for (const one of [item('bad', `s${n}`), item('bad')]) queue.add(one);
      return queue;
    };
    const began = performance.now();
    const taken = fill();
    while (taken.size > 0) taken.release(taken.take(1000));
    expect(fill().removeWhile(() => true)).toHaveLength(20_000);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
