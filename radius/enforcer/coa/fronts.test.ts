import { setImmediate as turn } from 'node:timers/promises';
import { Code, decodePacket } from '../../packet';
import type { FrontAnswer, FrontOrder } from '../store';
import { Fronts, type FrontExchange } from './fronts';

let given: FrontOrder[][];
let answers: FrontAnswer[];
let refuses: boolean;
let fronts: Fronts;
beforeEach(() => {
  given = [];
  answers = [];
  refuses = false;
  const store = {
    async giveOrders(_enforcer: string, orders: readonly FrontOrder[]) {
      await turn();
      if (refuses) throw new Error('the database is away');
      given.push([...orders]);
    },
    takeAnswers: () => Promise.resolve(answers.splice(0)),
  };
  fronts = new Fronts({ instance: 'here', store, patience_ms: 60_000 });
});
afterEach(() => fronts.close());

const cut = (session: string): FrontExchange => ({
  front: 'there',
  nasId: '7',
  secret: Buffer.from('radsec'),
  code: Code.DisconnectRequest,
  write: (builder) => void builder.add(0, 44, Buffer.from(session)),
});
async function settled(n: number): Promise<void> {
  while (given.flat().length < n) await turn();
}

test('orders that come while others are being given go together, and each answer is its own', async () => {
  const asked = ['a', 'b', 'c'].map((session) => fronts.request(cut(session)));
  await settled(3);
  expect(given.map((batch) => batch.length)).toEqual([1, 2]);
  const [first] = given.flat();
  expect(first).toMatchObject({ front: 'there', nas_id: '7' });
  const order = decodePacket(Buffer.from(first!.request, 'base64'));
  expect(order.kind === 'packet' && [order.packet.code, String(order.packet.first(0, 44))]).toEqual([40, 'a']);
  const [a, b, c] = given.flat().map(({ n }) => n);
  answers = [
    { n: b!, code: 42, error_cause: 503 },
    { n: a!, code: 41, error_cause: null },
    // The front does not hold the connection any more.
    { n: c!, code: 0, error_cause: null },
  ];
  fronts.heard();
  expect(await Promise.all(asked)).toMatchObject([
    { outcome: 'ack', errorCause: null },
    { outcome: 'nak', errorCause: 503 },
    { outcome: 'silence' },
  ]);
});

test('an answer of which no word came is found by looking', async () => {
  const asked = fronts.request(cut('a'));
  await settled(1);
  answers = [{ n: given.flat()[0]!.n, code: 41, error_cause: null }];
  expect(await asked).toMatchObject({ outcome: 'ack' });
});

test('what the database does not take, and what nobody answers, is silence; the end of the enforcer aborts', async () => {
  refuses = true;
  expect(await fronts.request(cut('a'))).toMatchObject({ outcome: 'silence' });
  refuses = false;
  const late = fronts.request(cut('b'));
  await settled(1);
  fronts.close();
  expect(await late).toEqual({ outcome: 'aborted' });
});
