import { startOcserv, type OcservLab } from '../test-kit/ocserv';
import { make, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { startWhole, type Whole } from '../test-kit/whole';

// A NAS that this project did not write: ocserv of Debian's, dialled by openconnect, in network namespaces of their own.
// What it counts itself, in its own log, is the truth that Lango's numbers are held against.

const secret = unique('ocserv-secret');
let lango: Whole;
let lab: OcservLab;

beforeAll(async () => {
  lango = await startWhole({ LANGO_BIND: '0.0.0.0' });
  lab = await startOcserv({ authPort: lango.authPort, acctPort: lango.acctPort, secret, interim_s: 5 });
  await make(lango.api, '/routers', { name: 'VPN gate', address: lab.nasAddress, secret, type: 'other' });
}, 120_000);

afterAll(async () => {
  await lab?.close();
  await lango?.stop();
}, 60_000);

async function subscribe(username: string, password: string): Promise<string> {
  const plan = await make(lango.api, '/packages', {
    name: unique('VPN'),
    type: 'pppoe',
    price_cents: 50_000,
    currency: 'KES',
    validity: { count: 1, unit: 'day' },
    down_kbps: 20_000,
    up_kbps: 20_000,
  });
  const client = await make(lango.api, '/clients', { name: 'Neema Otieno', phone: '+254722000111' });
  const sold = { client_id: client['id'], package_id: plan['id'], username, password };
  const subscription = await make(lango.api, '/subscriptions', sold);
  const activated = await lango.api.post(`/subscriptions/${String(subscription['id'])}/activate`);
  expect(activated.status).toBe(200);
  return String(subscription['id']);
}

async function items(path: string): Promise<Json[]> {
  const answer = await lango.api.get<{ items: Json[] }>(path);
  expect(answer.status).toBe(200);
  return answer.body.items;
}

test('signs in through Lango, and its accounting arrives to the byte', async () => {
  const username = "o'neema+vpn@isp";
  const id = await subscribe(username, 'Tunnel pass 1');

  expect(await lab.connect(username, 'wrong password')).toEqual({ refused: 'Wrong username or password.' });
  expect(await lab.connect(username, 'Tunnel pass 1')).toBe('connected');
  const sessions = `/sessions?state=live&username=${encodeURIComponent(username)}`;
  const [live] = await until(
    () => items(sessions),
    (rows) => rows.length === 1,
    10_000,
  );
  expect(live).toMatchObject({ subscription_id: id, nas_address: lab.nasAddress });

  await lab.transfer(1_500_000);
  const counted = await lab.hangUp();
  expect(counted.rx_bytes).toBeGreaterThan(1_500_000);
  expect(counted.tx_bytes).toBeGreaterThan(1_500_000);

  const [ended] = await until(
    () => items(`/sessions?state=all&username=${encodeURIComponent(username)}`),
    (rows) => rows.length === 1 && rows[0]?.['stopped_at'] !== null,
    10_000,
  );
  expect({ input: ended?.['input_bytes'], output: ended?.['output_bytes'] }).toEqual({
    input: counted.rx_bytes,
    output: counted.tx_bytes,
  });
  const [cycle] = await items(`/subscriptions/${id}/usage?by=cycle`);
  expect(cycle).toMatchObject({ input_bytes: counted.rx_bytes, output_bytes: counted.tx_bytes });
}, 90_000);

test('turns a suspended subscriber away with the reason', async () => {
  const id = await subscribe('suspended.one', 'pass-word-2');
  expect((await lango.api.post(`/subscriptions/${id}/suspend`, { reason: 'unpaid' })).status).toBe(200);
  expect(await lab.connect('suspended.one', 'pass-word-2')).toEqual({
    refused: 'Your account is suspended. Please contact your provider.',
  });
}, 60_000);
