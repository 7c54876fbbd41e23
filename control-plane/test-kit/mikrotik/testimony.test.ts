import { SimulatedMikrotik, Testimony, type Session, type Stored } from '.';
import { FakeAaa } from './fake-aaa';

const secret = 'routers-secret';
let aaa: FakeAaa;
let router: SimulatedMikrotik;
let testimony: Testimony;
beforeEach(async () => {
  aaa = await FakeAaa.listen(secret);
  router = await SimulatedMikrotik.start({
    identity: 'tower-1',
    address: '127.77.0.1',
    secret,
    servers: [aaa.row],
    automaticInterims: false,
  });
  testimony = new Testimony();
  testimony.watch(router);
});
afterEach(async () => {
  await router.close();
  await aaa.close();
});

async function dial(username: string): Promise<Session> {
  const login = await router.connectPppoe({ username, password: 'x', authentication: 'pap' });
  if (login.kind !== 'online') throw new Error(login.kind);
  return login.session;
}
const stored = ({ id }: Session, up: bigint, down: bigint): Stored => ({
  router: 'tower-1',
  acctSessionId: id,
  up,
  down,
});

test('a row must hold what was acknowledged and no more than was sent', async () => {
  const session = await dial('asha');
  session.addTraffic(1000, 5000);
  await session.interim();
  const judge = (...rows: Stored[]): string[] => testimony.compare(rows, testimony.mark()).differences;
  expect(judge(stored(session, 1000n, 5000n))).toEqual([]);
  // Two lives of one id.
  expect(judge(stored(session, 400n, 5000n), stored(session, 600n, 0n))).toEqual([]);
  expect(judge(stored(session, 999n, 5000n))).toEqual([expect.stringMatching(/1000\/5000 were acknowledged/)]);
  expect(judge(stored(session, 1000n, 5001n))).toEqual([expect.stringMatching(/only 1000\/5000 were sent/)]);
  expect(judge()).toEqual([
    expect.stringMatching(/of asha was acknowledged \(Interim-Update of 20\S+Z\) and is not in/),
  ]);
  const stranger = { ...stored(session, 1n, 1n), acctSessionId: '81f00000' };
  expect(judge(stored(session, 1000n, 5000n), stranger)).toEqual(['session tower-1 81f00000 was never reported']);
});

test('what is acknowledged while the rows are being read need not be in them', async () => {
  const first = await dial('asha');
  const mark = testimony.mark();
  first.addTraffic(1000, 5000);
  await first.interim();
  await dial('juma');
  expect(testimony.compare([stored(first, 0n, 0n)], mark).differences).toEqual([]);
  expect(testimony.compare([stored(first, 0n, 0n)], testimony.mark()).differences).toHaveLength(2);
  // And may be in them already.
  expect(testimony.compare([stored(first, 1000n, 5000n)], mark).differences).toEqual([]);
});
