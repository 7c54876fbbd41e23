import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeActive, makePackage, openSession, shiftClock, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

/** Whoever is online when the plan begins that was chosen for renewal is told its rate, whichever way it was bought. */
let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
});
afterAll(() => lango.stop());
afterEach(() => shiftClock(lango.db, '0'));

const ok = async (path: string, body: Json = {}): Promise<Json> => {
  const { status, body: answer } = await lango.api.post<Json>(path, body);
  if (status >= 300) throw new Error(`${path} answered ${status}: ${JSON.stringify(answer)}`);
  return answer;
};
const pay = (id: string) =>
  make(lango.api, '/billing/transactions', {
    subscription_id: id,
    amount_cents: 10_000,
    method: 'cash',
    reference: unique('R'),
  });
const renew = (id: string) => ok(`/subscriptions/${id}/renew`);
const payIntoWallet = async (id: string) => {
  await ok(`/subscriptions/${id}/suspend`, { reason: 'so that money stays in the wallet' });
  await pay(id);
  await ok(`/subscriptions/${id}/resume`);
};
/** Kinds and reasons of what the subscription's one session was told, oldest first. */
const told = async (id: string): Promise<string[]> =>
  (await lango.api.get<{ items: Json[] }>(`/enforcements?subscription_id=${id}`)).body.items
    .map((e) => `${e['kind']} ${e['reason']}`)
    .reverse();
/** Somebody online who has chosen twice the speed for his next renewal. */
async function chosen(before: (id: string) => Promise<unknown> = async () => undefined): Promise<string> {
  const { id } = await makeActive(lango.api);
  const faster = await makePackage(lango.api, { down_kbps: 20_000 });
  await ok(`/subscriptions/${id}/change-plan`, { package_id: faster['id'], when: 'renewal' });
  await before(id);
  await openSession(lango.db, id);
  return id;
}

it('by a payment, which tells of the sessions that hear of it', async () => {
  const id = await chosen();
  const paid = await pay(id);
  expect(await told(id)).toEqual(['refresh plan_changed']);
  const { timeline } = (await lango.api.get<Json>(`/billing/payments/${paid['id']}`)).body;
  expect(timeline).toContainEqual(expect.objectContaining({ step: 'network_told', detail: '1 live session' }));
});

it('given without money, and out of the wallet', async () => {
  const given = await chosen();
  await renew(given);
  expect(await told(given)).toEqual(['refresh plan_changed']);
  const bought = await chosen(payIntoWallet);
  await ok(`/subscriptions/${bought}/renew`, { pay: 'wallet' });
  expect(await told(bought)).toEqual(['refresh plan_changed']);
});

it('by itself shortly before the end', async () => {
  const id = await chosen(payIntoWallet);
  await lango.api.patch(`/subscriptions/${id}`, { auto_renew: true });
  await shiftClock(lango.db, '23:55:00');
  await until(
    () => told(id),
    (orders) => orders.length > 0,
    30_000,
  );
  expect(await told(id)).toEqual(['refresh plan_changed']);
});

it('on new terms of the package for everybody; new terms that say nothing else to a router are told as a renewal', async () => {
  const sub = await makeActive(lango.api);
  await openSession(lango.db, sub['id']);
  const change = (terms: Json) =>
    lango.api.patch(`/packages/${sub['package_id']}`, { ...terms, existing: 'renewal' }).then(() => renew(sub['id']));
  await change({ price_cents: 12_000 });
  expect(await told(sub['id'])).toEqual(['refresh renewed']);
  await lango.asOwner(`UPDATE enforcement SET state = 'unproven', closed_at = now() WHERE subscription_id = $1`, [
    sub['id'],
  ]);
  await change({ down_kbps: 20_000 });
  expect(await told(sub['id'])).toEqual(['refresh renewed', 'refresh plan_changed']);
});
