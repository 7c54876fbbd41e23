import { get, has } from '../../attributes';
import { Code, Packet, PacketBuilder } from '../../packet';
import type { Task } from '../task';
import { writeRequest } from './recipe';

/** A slowed session on a router of that type. */
const task = (type: 'mikrotik' | 'other'): Task =>
  ({
    kind: 'throttle',
    reason: 'cap_throttle',
    nas: { name: 'r', type, secret: 's', address: '127.0.0.1', port: 3799 },
    session: {
      username: 'asha',
      acctSessionId: '81',
      framedIp: '10.0.0.2',
      nasIdentifier: null,
      nasIpAddress: null,
      mode: 'full',
    },
    change: {
      rateLimit: '1000k/3000000k',
      addressList: null,
      sameRate: false,
      sessionTimeoutS: 60,
      leftS: 50,
      totalLimitBytes: null,
    },
  }) as unknown as Task;

const written = (type: 'mikrotik' | 'other', more: Partial<Task> = {}): Packet => {
  const builder = PacketBuilder.request(Code.CoaRequest, 1);
  writeRequest(builder, { ...task(type), ...more }, 'coa', 0, new Date());
  return new Packet(builder.seal(Buffer.from('s')));
};

test('a rate goes to RouterOS in its own words, and to any other NAS in those of WISPr as well', () => {
  const mikrotik = written('mikrotik');
  expect(get(mikrotik, 'Mikrotik-Rate-Limit')).toBe('1000k/3000000k');
  expect(has(mikrotik, 'WISPr-Bandwidth-Max-Up')).toBe(false);
  const other = written('other');
  expect(get(other, 'Mikrotik-Rate-Limit')).toBe('1000k/3000000k');
  expect(get(other, 'WISPr-Bandwidth-Max-Up')).toBe(1_000_000);
  expect(get(other, 'WISPr-Bandwidth-Max-Down')).toBe(3_000_000_000);
});

test('with a rate goes the end of validity, which may have moved while the router was not heard; but not with one that staff set', () => {
  expect(get(written('mikrotik'), 'Session-Timeout')).toBe(60);
  expect(has(written('mikrotik', { byHand: true }), 'Session-Timeout')).toBe(false);
});

test('what restores a rate restores all that a suspension in between may have kept from the router', () => {
  const change = { ...task('mikrotik').change, addressList: 'gold', totalLimitBytes: 5_000_000_000n };
  const restored = written('mikrotik', { kind: 'restore', reason: 'resumed', change });
  expect(get(restored, 'Mikrotik-Rate-Limit')).toBe('1000k/3000000k');
  expect(get(restored, 'Mikrotik-Address-List')).toBe('gold');
  expect(get(restored, 'Mikrotik-Total-Limit')).toBe(5_000_000_000 % 2 ** 32);
  const renewed = written('mikrotik', { kind: 'refresh', reason: 'renewed', change });
  expect(has(renewed, 'Mikrotik-Address-List')).toBe(false);
  expect(has(renewed, 'Mikrotik-Rate-Limit')).toBe(false);
});
