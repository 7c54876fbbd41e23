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
      totalLimitBytes: null,
    },
  }) as unknown as Task;

const written = (type: 'mikrotik' | 'other'): Packet => {
  const builder = PacketBuilder.request(Code.CoaRequest, 1);
  writeRequest(builder, task(type), 'coa', 0, new Date());
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
