import { judgeLines, lineIds, ownerKey, type Books, type Movement, type Owner } from './judge-lines';
import type { BankLine, ReadLine } from './read-lines';

/** What becomes of the lines of a bank's statement. Pure. */

let made = 0;
const line = (fields: Partial<BankLine>): ReadLine => ({
  kind: 'line',
  line: {
    line: (made += 1),
    day: '2026-11-20',
    amount_cents: 150_000n,
    reference: '',
    account: '',
    description: '',
    ...fields,
  },
});
const movement = (fields: Partial<Movement>): Movement => ({
  transfer_id: String((made += 1)),
  amount_cents: 150_000n,
  day: '2026-11-20',
  reference: 'slip',
  payment_id: null,
  subscriber_id: '7',
  name: 'Wanjiru',
  ...fields,
});
const noBooks: Books = { movements: [], cheques: [], known: new Set(), owners: new Map() };
const notes = (read: ReadLine[], books: Partial<Books>) =>
  judgeLines(read, '1', { ...noBooks, ...books }).map(({ note }) => note);
const owner = (subscriber_id: string): Owner => ({ subscriber_id, subscription_id: null, name: 'Somebody' });
const named = (text: string, who: Owner, anyhow = true, cents = 150_000n): [string, Owner] => [
  ownerKey({ text, anyhow }, cents),
  who,
];

test('a reference in the books is found in a line wherever it stands, in any case, once', () => {
  const movements = [movement({ reference: 'FT-2612 ab' })];
  expect(notes([line({ reference: 'ft2612AB' }), line({ description: 'TRF FT2612AB' })], { movements })).toEqual([
    'bank_matches',
    'bank_nobody',
  ]);
  expect(notes([line({ description: 'from Jane/FT2612AB/x' })], { movements })).toEqual(['bank_matches']);
  expect(notes([line({ reference: 'FT2612AB', day: '2026-09-20' })], { movements })).toEqual(['bank_nobody']);
});

test('an amount alone ties a line only where nothing else can be meant', () => {
  const one = movement({ day: '2026-11-18' });
  expect(notes([line({})], { movements: [one] })).toEqual(['bank_matches_day']);
  expect(notes([line({})], { movements: [one, movement({ day: '2026-11-19' })] })).toEqual(['bank_nobody']);
  expect(notes([line({}), line({ day: '2026-11-19' })], { movements: [one] })).toEqual(['bank_nobody', 'bank_nobody']);
  expect(notes([line({ day: '2026-11-23' })], { movements: [one] })).toEqual(['bank_nobody']);
  // It names somebody else.
  const owners = new Map([named('1017', owner('8'))]);
  expect(notes([line({ account: '1017' })], { movements: [one], owners })).toEqual(['bank_credits']);
});

test('a line names its customer by what the customer wrote, or by a login with figures; by several, nobody', () => {
  const owners = new Map([
    named('1017', owner('8')),
    named('home12', owner('9'), false),
    named('net-77', owner('8'), false),
    // Asked for only where the customer wrote it.
    named('0712345678', owner('10')),
    named('jane', owner('11')),
  ]);
  expect(
    notes(
      [
        line({ account: '1017' }),
        line({ description: 'CASH home12' }),
        line({ description: 'MPESA 0712345678 JANE jane' }),
        line({ account: '1017', description: 'for home12' }),
        line({ account: '1017', description: 'for net-77' }),
      ],
      { owners },
    ),
  ).toEqual(['bank_credits', 'bank_credits', 'bank_nobody', 'bank_several', 'bank_credits']);
});

test('money out is a charge, a movement of ours, or waits to be named; another amount under a reference is looked at', () => {
  const movements = [
    movement({ amount_cents: -20_000n, reference: 'refund' }),
    movement({ reference: 'FT99887', day: '2026-11-01' }),
  ];
  expect(
    notes(
      [
        line({ amount_cents: -5_000n, description: 'Monthly ledger FEE' }),
        line({ amount_cents: -20_000n }),
        line({ amount_cents: -90_000n, description: 'TRF' }),
        line({ amount_cents: 15_000n, reference: 'FT99887' }),
      ],
      { movements },
    ),
  ).toEqual(['bank_fee', 'bank_matches_day', 'bank_open', 'bank_differs']);
});

test('a cheque is cleared by its number, with or without zeros, and its amount', () => {
  const cheques = [{ payment_id: '3', amount_cents: 150_000n, reference: '000123', subscriber_id: '7', name: 'W' }];
  expect(notes([line({ description: 'CHQ 123' }), line({ description: 'CHQ 000123' })], { cheques })).toEqual([
    'bank_clears',
    'bank_nobody',
  ]);
  expect(notes([line({ description: 'CHQ 123', amount_cents: 100n })], { cheques })).toEqual(['bank_nobody']);
});

test('alike lines are told apart by their number, whatever stands between them', () => {
  const a = line({ reference: 'X1' });
  const b = line({ reference: 'x-1' });
  const c = line({ reference: 'X1', amount_cents: 2n });
  const ids = lineIds([a, c, b], '1');
  expect(new Set(ids).size).toBe(3);
  expect(lineIds([b, a], '1')).toEqual([ids[0], ids[2]]);
  expect(lineIds([a], '2')).not.toContain(ids[0]);
  expect(notes([a, b], { known: new Set([ids[0] ?? '']) })).toEqual(['bank_known', 'bank_nobody']);
});

/** Mulberry32: a history can be told by its number. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

test('whatever stands in them: every line has one fate, no movement is two lines’, and only equal amounts are tied', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = randomOf(seed);
    const day = () => `2026-11-${String(1 + random(28)).padStart(2, '0')}`;
    const cents = () => BigInt([100, 100, 250, -100, -250][random(5)] ?? 1);
    const movements = Array.from({ length: random(20) }, () =>
      movement({ day: day(), amount_cents: cents(), reference: `REF${random(12)}` }),
    );
    const read = Array.from({ length: random(30) }, () =>
      line({ day: day(), amount_cents: cents(), reference: random(2) ? `REF${random(12)}` : '' }),
    );
    const judged = judgeLines(read, '1', { ...noBooks, movements });
    expect(judged).toHaveLength(read.length);
    const ties = judged.flatMap(({ of }) => (of?.deed.what === 'tie' ? [{ of, id: of.deed.transfer_id }] : []));
    expect(new Set(ties.map(({ id }) => id)).size).toBe(ties.length);
    for (const { of, id } of ties)
      expect({ seed, cents: of.amount_cents }).toEqual({
        seed,
        cents: movements.find((one) => one.transfer_id === id)?.amount_cents,
      });
    expect(judgeLines(read, '1', { ...noBooks, movements })).toEqual(judged);
  }
});

test('twenty thousand lines of one amount against as many movements are judged by their references', () => {
  const movements = Array.from({ length: 20_000 }, (_one, n) => movement({ reference: `REF${n}` }));
  const read = Array.from({ length: 20_000 }, (_one, n) => line({ reference: n % 2 ? `REF${n}` : '' }));
  const judged = judgeLines(read, '1', { ...noBooks, movements });
  expect(judged.filter(({ note }) => note === 'bank_matches')).toHaveLength(10_000);
});
