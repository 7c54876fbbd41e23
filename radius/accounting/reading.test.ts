import { readClass } from './class';
import { macOf } from './details';
import { eventTime } from './event-time';
import { cleanText } from './text';

const clean = (octets: number[] | string): string => {
  const bytes = Buffer.from(octets as string);
  return cleanText(bytes, 0, bytes.length);
};

test('text is stored as it is, without control characters, and what is no UTF-8 stays distinct', () => {
  expect(clean('o\'brien"\\@isp')).toBe('o\'brien"\\@isp');
  expect(clean('Wanjikũ')).toBe('Wanjikũ');
  expect(clean('a\0b\u001fc\u007f\u0085d')).toBe('abcd');
  expect(clean([0x61, 0xff])).toBe('a\\xff');
  expect(clean([0x61, 0xfe])).toBe('a\\xfe');
});

test('Event-Timestamp is believed ten minutes back, with Acct-Delay-Time further, and never ahead', () => {
  const now = 1_800_000_000_000;
  expect(eventTime(now, 1_799_999_700, undefined)).toEqual({ event_ms: 1_799_999_700_000, timed: true });
  expect(eventTime(now, 1_799_996_400, 3600)).toEqual({ event_ms: 1_799_996_400_000, timed: true });
  expect(eventTime(now, 1_799_996_400, undefined)).toEqual({ event_ms: now, timed: false });
  expect(eventTime(now, 1_800_000_005, undefined)).toEqual({ event_ms: now, timed: false });
  expect(eventTime(now, undefined, 30)).toEqual({ event_ms: now - 30_000, timed: true });
  expect(eventTime(now, undefined, 4_000_000_000)).toEqual({ event_ms: now, timed: false });
  expect(eventTime(now, undefined, undefined)).toEqual({ event_ms: now, timed: false });
});

test('only a Class of ours is read', () => {
  const read = (text: string) => readClass(Buffer.from(`..${text}`), (2 << 13) | (2 + text.length));
  expect(read('L1:42:00ff00ff00ff00ff:g')).toEqual({
    subscriptionId: '42',
    loginId: '00ff00ff00ff00ff',
    mode: 'garden',
  });
  expect(read('L1:42:00ff00ff00ff00ff:x')).toBeUndefined();
  expect(read('L1:42;00ff')).toBeUndefined();
  expect(read('something else')).toBeUndefined();
  expect(readClass(Buffer.from('L1:42:00ff00ff00ff00ff:g'), 0)).toBeUndefined();
});

test.each([
  ['aa-bb-cc-dd-ee-0f', 'AA:BB:CC:DD:EE:0F'],
  ['AA:BB:CC:DD:EE:0F', 'AA:BB:CC:DD:EE:0F'],
  ['aabb.ccdd.ee0f', 'AA:BB:CC:DD:EE:0F'],
  ['aabbccddee0f', 'AA:BB:CC:DD:EE:0F'],
  ['192.168.100.200', null],
  ['254700000001', '25:47:00:00:00:01'],
  ['aa-bb:cc-dd-ee-0f', null],
])('Calling-Station-Id %s is %s', (calling, mac) => {
  expect(macOf(calling)).toBe(mac);
});
