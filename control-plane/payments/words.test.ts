import { join } from 'node:path';
import { loadTranslator, type Locale } from '../platform/i18n';
import { projectRoot } from '../platform/project-root';
import { readerOf } from '../ui';
import { receiptSheet } from './receipt-pdf';
import { stepWords } from './step-words';

/** What people read of a payment: in their language, the company's zone, and money. */
const words = loadTranslator({ root: join(projectRoot(), 'control-plane'), strict: true });
const reader = (locale: Locale, zone = 'Africa/Nairobi') =>
  readerOf({ locale, zone, nowMs: Date.parse('2026-03-15T09:00:00Z'), currency: 'KES' }, words);
/** Blanks as people type them: what formats money puts in ones that do not break. */
const plain = (text: string) => text.replaceAll(/\s/g, ' ');

const payment = {
  receipt: 'SLK4H7TXQ2',
  reference: 'AB12CD',
  // Half past midnight in Nairobi, the day before in Greenwich.
  received_at: '2026-03-14T21:30:00Z',
  username: 'wanjiru',
  currency: 'KES',
  method: 'mpesa',
  outcome: 'renewed',
  amount_cents: 150_050,
  client_name: 'Wanjiru',
};

test.each([
  ['en', 'Africa/Nairobi', '15 March 2026', '00:30'],
  ['sw', 'Africa/Nairobi', '15 Machi 2026', '00:30'],
  ['en', 'UTC', '14 March 2026', '21:30'],
] as const)('a receipt in %s has the day and hour of %s', (locale, zone, day, hour) => {
  const sheet = receiptSheet(payment, [], 'Kisima Net', reader(locale, zone));
  expect(sheet.facts[1]![1]).toBe(`${day}, ${hour}`);
});

test('a receipt counts off what was given back, on the day in the company’s zone when that was', () => {
  const back = [
    { amount_cents: 50_000, reason: 'twice', done_at: '2026-03-31T22:00:00Z', created_at: '2026-03-20T00:00:00Z' },
  ];
  const sheet = receiptSheet(payment, back, 'Kisima Net', reader('en'));
  expect(sheet.rows.map((row) => row.map(plain))).toEqual([
    ['M-Pesa, service renewed', '1,500.50'],
    [expect.stringContaining('twice (1 April 2026, 01:00)'), '-500.00'],
  ]);
  expect(plain(sheet.totals[0]![1])).toBe('KES 1,000.50');
});

test.each([
  ['credited', 'wallet 150050 cents', /^KES 1,500\.50$/, /^KES 1,500\.50$/],
  [
    'amount_differs',
    'asked for 10000 cents, received 5000',
    /asked for .*100.*, received .*50/,
    /iliombwa .*100.*, imepokelewa .*50/,
  ],
  [
    'amount_differs',
    'booked 10000 cents, the receipt says 5000',
    /booked .*100.*the receipt says .*50/,
    /imeandikwa .*100.*stakabadhi inasema .*50/,
  ],
  ['discounted', 'Easter: 2500 cents off', /^Easter: −.*25/, /^Easter: −.*25/],
  ['network_told', '1 live session', /^1 live session$/, /^muunganisho 1 ulio hewani$/],
  ['network_told', '2 live sessions', /^2 live sessions$/, /^miunganisho 2 iliyo hewani$/],
  ['booked_elsewhere', 'as payment 12', /^as payment 12$/, /^kama malipo 12$/],
  ['doubted', 'open address, amount', /anybody may know, it names another amount/, /na wote, inataja kiasi kingine/],
  ['asked', 'failed: 1032 cancelled', /^it says: not paid: 1032 cancelled$/, /^anasema: haijalipwa: 1032 cancelled$/],
  ['told_again', 'callback', /^by a call$/, /^kwa wito wake$/],
  ['received', 'cash 42', /^Cash 42$/, /^Pesa taslimu 42$|^Taslimu 42$/],
  ['service_shortened', '2026-03-14T21:30:00.000Z', /00:30/, /00:30/],
  // What a provider or a person said stays as it was said.
  [
    'called_back',
    '1032 Request cancelled by user',
    /^1032 Request cancelled by user$/,
    /^1032 Request cancelled by user$/,
  ],
  ['assigned', 'Njeri: house 4', /^Njeri: house 4$/, /^Njeri: house 4$/],
])('a step %s with "%s" is told in both languages', (step, detail, en, sw) => {
  expect(plain(stepWords(step, detail, 'KES', reader('en')))).toMatch(en);
  expect(plain(stepWords(step, detail, 'KES', reader('sw')))).toMatch(sw);
});
