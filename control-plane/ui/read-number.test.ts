import { readDecimal } from './read-number';

test.each([
  ['1500', 150_000],
  ['1,500', 150_000],
  ['2 500.50', 250_050],
  ['12 345,678.9', 1_234_567_890],
  ['0.5', 50],
  ['100.500', 10_050],
  [' 7 ', 700],
])('%j is %i', (text, cents) => expect(readDecimal(text, 2)).toBe(cents));

// A comma for a point would be a hundredfold.
test.each([
  '2,50',
  '12,5',
  '1,00,000',
  '1 50',
  ',500',
  '1,',
  '1.005',
  '-1',
  '1e3',
  '',
  '.5',
  '1.',
  'abc',
  '1234567890123',
])('%j is no amount', (text) => expect(readDecimal(text, 2)).toBeUndefined());
