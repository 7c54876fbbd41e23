import { scenarios } from '../test-kit/daraja';
import { msisdnOf } from '../test-kit/payment-provider/mpesa-stage';
import { nextPhone } from '../test-kit/payment-provider/stage';
import { phoneAt, wordsOf } from '../test-kit/phone';
import { make, makeRouter, shiftClock, unique } from '../test-kit/story';
import { onShopStage } from './testing/shop-stage';

/** Vouchers, trials, and what the link of a login page may and may not say. */
const shop = onShopStage();

test('a voucher lets the device in, its code moves it to another one, and a wrong one is said', async () => {
  const batch = await make(shop.stage.lango.api, '/vouchers/batches', { package_id: shop.hourly['id'], count: 1 });
  const [code] = batch['codes'] as string[];
  const macs2 = [shop.nextMac(), shop.nextMac()] as const;
  for (const mac of macs2) {
    const phone = phoneAt(shop.stage.lango.baseUrl);
    await phone.open(`/hotspot/${shop.site['slug']}/voucher?mac=${mac}`);
    expect(wordsOf(await phone.send('/voucher', { code: 'NO-SUCH-1' }))).toMatch(/No voucher has this code/);
    expect((await phone.send('/voucher', { code: code!.toLowerCase() })).path).toMatch(/\/pass\//);
    expect(await shop.devices(mac)).toHaveLength(1);
  }
  expect(await shop.devices(macs2[0])).toEqual([]);
});

test('a trial is given once to a device, for the minutes of the site, and again after its hours', async () => {
  const mac = shop.nextMac();
  const phone = phoneAt(shop.stage.lango.baseUrl);
  await phone.open(shop.door(mac));
  const pass = await phone.send('/trial');
  expect(wordsOf(pass)).toMatch(/Time left (9|10) m/);
  await shiftClock(shop.stage.lango.db, '11 minutes');
  const over = await phoneAt(shop.stage.lango.baseUrl).open(shop.door(mac));
  expect(wordsOf(over)).not.toMatch(/minutes free/);
  // A phone that takes another address is still the same browser.
  expect(wordsOf(await phone.open(shop.door(shop.nextMac())))).not.toMatch(/minutes free/);
  expect(wordsOf(over)).not.toMatch(/Renew/);
  await shiftClock(shop.stage.lango.db, '25 hours');
  expect(wordsOf(await phoneAt(shop.stage.lango.baseUrl).open(shop.door(mac)))).toMatch(/Try 10 minutes free/);
});

test('what a link says is a wish: a broken address, another company’s router and a foreign login page are ignored', async () => {
  const phone = phoneAt(shop.stage.lango.baseUrl);
  const other = await shop.stage.lango.addCompany();
  const theirs = await makeRouter(other.api);
  const evil = `&router=${theirs['id']}&login=${encodeURIComponent('http://evil.example/login')}`;
  await phone.open(`/hotspot/${shop.site['slug']}?mac=${encodeURIComponent('<script>alert(1)</script>')}${evil}`);
  const number = nextPhone();
  shop.stage.daraja.script(scenarios.nothing, msisdnOf(number));
  const page = await phone.send('/buy', { phone: number, way: 'mpesa' });
  expect(page.text).not.toMatch(/evil\.example|<script>alert/);
  expect(
    await shop.stage.lango.asOwner(
      'SELECT p.mac, p.login_url, p.nas_id = ANY (ARRAY(SELECT nas_id FROM site_router)) AS ours FROM hotspot_pass p ORDER BY id DESC LIMIT 1',
    ),
  ).toEqual([{ mac: null, login_url: null, ours: true }]);
  // Another site's guest does not see a pass by its word, nor is there anything at a word that nobody has.
  const theirSite = await make(other.api, '/sites', { name: unique('Jirani').slice(0, 30) });
  const word = page.path.split('/').at(-1);
  expect((await phone.open(`/hotspot/${theirSite['slug']}/pass/${word}`)).status).toBe(404);
  expect((await phone.open(`/hotspot/${shop.site['slug']}/pass/${'b'.repeat(43)}`)).status).toBe(404);
  expect((await phone.open('/hotspot/no-such-site')).status).toBe(404);
});
