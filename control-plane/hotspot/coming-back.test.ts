import { scenarios } from '../test-kit/daraja';
import { msisdnOf } from '../test-kit/payment-provider/mpesa-stage';
import { nextPhone } from '../test-kit/payment-provider/stage';
import { phoneAt, wordsOf } from '../test-kit/phone';
import { shiftClock } from '../test-kit/story';
import { until } from '../test-kit/until';
import { actsOf, onShopStage, phaseOf, titled } from './testing/shop-stage';

/** Guests who come back to what they have paid for. */
const shop = onShopStage();

async function paid() {
  const made = await shop.buy(scenarios.success);
  await until(
    () => shop.devices(made.mac),
    (ids) => ids.length === 1,
  );
  const [subscription] = await shop.devices(made.mac);
  await made.phone.open(made.page.path);
  return { ...made, subscription: subscription! };
}

test('renews with one tap when it has run out, by the cookie or the device; the number is masked', async () => {
  const { phone, mac, number, subscription } = await paid();
  await shiftClock(shop.stage.lango.db, '2 hours');
  const ended = await phone.open(shop.door(mac));
  expect(wordsOf(ended)).toMatch(/Renew Hour 20 The prompt goes to 07•• ••• \d{3}.*Pay KES 20 with M-Pesa/);
  const other = phoneAt(shop.stage.lango.baseUrl);
  const page = await other.open(shop.door(mac));
  expect(wordsOf(page)).toMatch(/Renew Hour 20/);
  expect(page.text).not.toContain(number.slice(1));
  shop.stage.daraja.script(scenarios.success, msisdnOf(number));
  await other.send('/renew');
  await until(
    () => shop.stage.service(subscription),
    (sub) => sub['state'] === 'active',
  );
});

test('with another address of the device moves the service in two taps, and the old one is nobody’s', async () => {
  const { phone, mac, subscription, page: first } = await paid();
  const fresh = shop.nextMac();
  const page = await phone.open(shop.door(fresh));
  expect(wordsOf(page)).toMatch(/Your Hour 20 is still running.*Use it on this device/);
  const moved = await phone.send('/here');
  expect(moved.path).toMatch(/\/pass\//);
  expect(await shop.devices(fresh)).toEqual([subscription]);
  expect(await shop.devices(mac)).toEqual([]);
  // The device that left is told where it went, with one tap back.
  const elsewhere = await titled(phoneAt(shop.stage.lango.baseUrl), first.path, 'Used on another device');
  expect([wordsOf(elsewhere), actsOf(elsewhere)]).toEqual([
    expect.stringContaining('for one device at a time'),
    ['Use it on this device'],
  ]);
  await titled(phoneAt(shop.stage.lango.baseUrl), `${first.path}?lang=sw`, 'Inatumika kwenye kifaa kingine');
  // A browser that never paid for it moves nothing.
  const stranger = phoneAt(shop.stage.lango.baseUrl);
  expect(wordsOf(await stranger.open(shop.door(shop.nextMac())))).not.toMatch(/still running/);
});

test('without the cookie by the receipt; its last four signs are tried ten times, the whole one always', async () => {
  const { number, subscription } = await paid();
  const [{ receipt } = { receipt: '' }] = await shop.stage.lango.asOwner<{ receipt: string }>(
    'SELECT receipt FROM payment WHERE subscription_id = $1',
    [subscription],
  );
  const mac = shop.nextMac();
  const stranger = phoneAt(shop.stage.lango.baseUrl);
  await stranger.open(`/hotspot/${shop.site['slug']}/mine?mac=${mac}`);
  for (let tries = 0; tries < 10; tries += 1)
    await stranger.send('/mine', { phone: number, receipt: '####0000', way: 'receipt' });
  const last = await stranger.send('/mine', { phone: number, receipt: receipt.slice(-4), way: 'receipt' });
  expect(wordsOf(last)).toMatch(/tried too often. Type the whole receipt/);
  expect(await shop.devices(mac)).toEqual([]);
  const owner = await stranger.send('/mine', { phone: number, receipt: receipt.toLowerCase(), way: 'receipt' });
  expect(owner.path).toMatch(/\/pass\//);
  expect(await shop.devices(mac)).toEqual([subscription]);
});

test('a parent who pays for a second device gets a second service', async () => {
  const first = await paid();
  await shiftClock(shop.stage.lango.db, '2 minutes');
  const second = await shop.buy(scenarios.success, shop.nextMac(), first.number);
  await until(
    () => shop.devices(second.mac),
    (ids) => ids.length === 1,
  );
  expect(await shop.devices(first.mac)).toEqual([first.subscription]);
  expect(await shop.devices(second.mac)).not.toEqual([first.subscription]);
});

test('a stranger whose order for the same service was never paid is not let in by its owner’s money', async () => {
  const number = nextPhone();
  const stranger = await shop.buy(scenarios.cancelled, shop.nextMac(), number);
  await titled(stranger.phone, stranger.page.path, 'Cancelled');
  await shiftClock(shop.stage.lango.db, '90 seconds');
  const owner = await shop.buy(scenarios.success, shop.nextMac(), number);
  await until(
    () => shop.devices(owner.mac),
    (ids) => ids.length === 1,
  );
  expect(await shop.devices(stranger.mac)).toEqual([]);
  const page = await stranger.phone.open(stranger.page.path);
  expect(phaseOf(page)).toBe('Cancelled');
  await stranger.phone.send('/again').catch(() => undefined);
  const moved = await fetch(`${shop.stage.lango.baseUrl}${stranger.page.path}/here`, {
    method: 'POST',
    redirect: 'manual',
  });
  expect(moved.status).toBe(303);
  expect(await shop.devices(stranger.mac)).toEqual([]);
});
