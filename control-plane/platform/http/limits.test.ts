import { LIMITS, RequestLimits } from './limits';

let now_ms = 0;
const limits = () => new RequestLimits(() => now_ms);
const takeMany = (of: RequestLimits, many: number, what = 'POST /login', source = '196.201.1.1') =>
  Array.from({ length: many }, () => of.take('send', what, source)).filter((wait_s) => wait_s === 0).length;

test('a crowd behind one address is slowed and never shut out: one more is taken as soon as the answer says', () => {
  const one = limits();
  const { burst, perSecond } = LIMITS.send;
  expect(takeMany(one, burst + 50)).toBe(burst);
  const wait_s = one.take('send', 'POST /login', '196.201.1.1');
  expect(wait_s).toBe(1);
  now_ms += wait_s * 1000;
  expect(takeMany(one, burst)).toBe(perSecond * wait_s);
  now_ms += 3_600_000;
  expect(takeMany(one, burst + 50)).toBe(burst);
});

test('another source and another form have their own; an IPv6 network counts as one', () => {
  const one = limits();
  const { burst } = LIMITS.send;
  expect(takeMany(one, burst + 1)).toBe(burst);
  expect(takeMany(one, 5, 'POST /garden')).toBe(5);
  expect(takeMany(one, 5, 'POST /login', '196.201.1.2')).toBe(5);
  expect(takeMany(one, burst + 1, 'POST /login', '2001:db8:1:2::1')).toBe(burst);
  expect(takeMany(one, 5, 'POST /login', '2001:db8:1:2:ffff::9')).toBe(0);
  expect(takeMany(one, 5, 'POST /login', '2001:db8:1:3::1')).toBe(5);
});

test('a flood from made-up addresses takes no more memory than was set aside', () => {
  const one = limits();
  for (let n = 0; n < 120_000; n += 1) one.take('read', 'GET /garden', `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
  expect(one.size).toBeLessThanOrEqual(50_000);
});
