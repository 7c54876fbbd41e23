import { bytes } from './input';

test('a counter beyond what JSON can say exactly is shown as the most it can say, and fails no list', () => {
  expect(bytes(12n)).toBe(12);
  expect(bytes(2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
  expect(bytes(2n ** 63n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
});
