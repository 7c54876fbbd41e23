import { peerNetwork, plainAddress } from './peer';

test.each([
  ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3::4', '2001:db8:1:2:3::4', '2001:db8:1:2'],
  ['2001:db8::4', '2001:db8::4', '2001:db8:0:0'],
  ['::1', '::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80::1%eth0', 'fe80:0:0:0'],
  ['', '', ''],
])('%s is shown as %s and counted as %s', (address, shown, counted) => {
  expect([plainAddress(address), peerNetwork(address)]).toEqual([shown, counted]);
});
