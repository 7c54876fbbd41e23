import { gzipSync } from 'node:zlib';
import { scenarios } from '../test-kit/daraja';
import { msisdnOf } from '../test-kit/payment-provider/mpesa-stage';
import { nextPhone } from '../test-kit/payment-provider/stage';
import { phoneAt, wordsOf } from '../test-kit/phone';
import { make, makePackage, shiftClock, unique } from '../test-kit/story';
import { until } from '../test-kit/until';
import { actsOf, onShopStage, phaseOf, titled } from './testing/shop-stage';

/** Guests buy at the shop of a site. */
const shop = onShopStage();

test('a new guest picks a plan, types a number and waits; the money binds the device without a page', async () => {
  const phone = phoneAt(shop.stage.lango.baseUrl);
  const mac = shop.nextMac();
  const entry = await phone.open(shop.door(mac, `&login=${encodeURIComponent('http://10.5.50.1/login')}`));
  expect(entry.status).toBe(200);
  expect(wordsOf(entry)).toMatch(
    /Soko Mjinga.*KES 20.*one hour.*until \d\d:\d\d.*KES 50.*2 GB.*Pay KES 20 with M-Pesa.*I already paid.*I have a voucher.*Try 10 minutes free.*Terms.*Help: 0709 200 300/,
  );
  // The first answer fits into the first packets of a connection.
  expect(gzipSync(entry.text).length).toBeLessThan(14_000);

  const number = nextPhone();
  shop.stage.daraja.script(scenarios.nothing, msisdnOf(number));
  const sent = await phone.send('/buy', { phone: `${number.slice(0, 4)} ${number.slice(4)}`, way: 'mpesa' });
  expect(sent.path).toMatch(/\/pass\/[\w-]{43}$/);
  const waiting = await titled(phone, sent.path, 'Enter your PIN on your phone');
  expect(wordsOf(waiting)).toMatch(
    /Prompt sent to 07•• ••• \d{3}.*seconds left.*Amount KES 20.*Pay Bill, business number/,
  );
  expect(waiting.text).toContain('http-equiv="refresh"');
  expect(await shop.devices(mac)).toEqual([]);

  // The sheet closes; the money comes.
  const [push] = shop.stage.daraja.pushes.filter((one) => one.msisdn === msisdnOf(number));
  await shop.stage.daraja.callback(shop.stage.daraja.pay(push!));
  await until(
    () => shop.devices(mac),
    (ids) => ids.length === 1,
  );
  const paid = await phone.open(sent.path);
  expect(phaseOf(paid)).toMatch(/^Paid/);
  // Nobody told Lango how to reach the router's API: its own login page lets the device in, by its address.
  const login = `http://10.5.50.1/login?var&#x3D;${encodeURIComponent(mac)}"`;
  expect(paid.text).toContain(`href="${login}`);
  // By itself while the payment is fresh; later a person decides.
  expect(paid.text).toContain(`data-go="${login}`);
  await shiftClock(shop.stage.lango.db, '5 minutes');
  expect((await phone.open(sent.path)).text).not.toContain('data-go');
  expect(wordsOf(paid)).toMatch(/Time left .*Data left No limit/);
  // Within its validity the device and the browser each are known without a tap.
  expect((await phone.open(shop.door(mac))).path).toBe(sent.path);
  expect(wordsOf(await phoneAt(shop.stage.lango.baseUrl).open(shop.door(mac)))).toMatch(/You are being let in/);
  // What was accepted is kept: these words, this device.
  expect(
    await shop.stage.lango.asOwner(
      'SELECT t.words, c.mac FROM hotspot_consent c JOIN hotspot_terms t ON t.id = c.terms_id WHERE c.mac = $1',
      [mac],
    ),
  ).toEqual([{ words: 'Be kind.', mac }]);
});

test('a second tap is the same purchase; the same number from another device is told to wait', async () => {
  const number = nextPhone();
  shop.stage.daraja.script(scenarios.nothing, msisdnOf(number));
  const phone = phoneAt(shop.stage.lango.baseUrl);
  await phone.open(shop.door(shop.nextMac()));
  const word = 'a'.repeat(43);
  const first = await phone.send('/buy', { phone: number, way: 'mpesa', word });
  await phone.open(shop.door(shop.nextMac(), '&again=yes'));
  const second = await phone.send('/buy', { phone: number, way: 'mpesa', word });
  expect(second.path).toBe(first.path);
  const stranger = await shop.buy(scenarios.nothing, shop.nextMac(), number);
  expect(stranger.page.status).toBe(429);
  expect(wordsOf(stranger.page)).toMatch(/That phone was asked a moment ago/);
  // Nothing of the refused wish stays.
  expect(await shop.stage.lango.asOwner('SELECT 1 FROM hotspot_pass WHERE mac = $1', [stranger.mac])).toEqual([]);
});

test.each([
  ['insufficient', 'Not enough money', /Nothing was taken/, 'Pesa haitoshi'],
  ['wrongPin', 'Wrong PIN', /PIN was wrong/, 'PIN si sahihi'],
  ['cancelled', 'Cancelled', /cancelled on the phone/, 'Imeghairiwa'],
  ['unreachable', 'No answer from the phone', /Unlock it/, 'Simu haikujibu'],
  ['expired', 'No answer from the phone', /Unlock it/, 'Simu haikujibu'],
  ['locked', 'The phone is busy', /wait a minute/, 'Simu ina shughuli'],
  ['busy', 'M-Pesa does not answer', /Try again in a minute/, 'M-Pesa haijibu'],
] as const)('%s is told as “%s”, with one thing to do, in both languages', async (name, title, words, swahili) => {
  const { phone, page, mac } = await shop.buy(scenarios[name]);
  const failed = await titled(phone, page.path, title);
  expect(wordsOf(failed)).toMatch(words);
  expect(actsOf(failed)).toEqual(['Try again']);
  expect(actsOf(await titled(phone, `${page.path}?lang=sw`, swahili))).toEqual(['Jaribu tena']);
  expect(await shop.devices(mac)).toEqual([]);
});

test('a refused card is told as that, in both languages, and can be tried again', async () => {
  const { phone, page, mac } = await shop.buy(scenarios.cancelled);
  await titled(phone, page.path, 'Cancelled');
  // As the provider of cards says it; its own way there is in the tests of payments.
  await shop.stage.lango.asOwner(
    `UPDATE payment SET code = 'payment_failed', code_text = 'Your card was declined.' WHERE id IN
     (SELECT o.payment_id FROM hotspot_order o JOIN hotspot_pass p ON p.id = o.pass_id WHERE p.mac = $1)`,
    [mac],
  );
  const refused = await titled(phone, page.path, 'Card refused');
  expect([wordsOf(refused), actsOf(refused)]).toEqual([expect.stringContaining('The bank did not pay'), ['Try again']]);
  await titled(phone, `${page.path}?lang=sw`, 'Kadi imekataliwa');
});

test('money for an account that was suspended is held, and the one thing to do is to call', async () => {
  const { phone, page, number, mac } = await shop.buy(scenarios.nothing);
  await titled(phone, page.path, 'Enter your PIN on your phone');
  const [sub] = await shop.stage.lango.asOwner<{ id: string }>(
    'SELECT subscription_id::text AS id FROM hotspot_pass WHERE mac = $1',
    [mac],
  );
  expect((await shop.stage.lango.api.post(`/subscriptions/${sub?.id}/suspend`, { reason: 'abuse' })).status).toBe(200);
  const push = shop.stage.daraja.pushes.find((one) => one.msisdn === msisdnOf(number))!;
  await shop.stage.daraja.callback(shop.stage.daraja.pay(push));
  const held = await titled(phone, page.path, 'Your account needs help');
  expect([wordsOf(held), actsOf(held)]).toEqual([
    expect.stringContaining('Your money has arrived and is safe'),
    ['Call 0709 200 300'],
  ]);
  expect(held.text).toContain('href="tel:0709200300"');
  await titled(phone, `${page.path}?lang=sw`, 'Akaunti yako inahitaji msaada');
  expect(await shop.devices(mac)).toEqual([]);
});

test('a router that does not answer is told as that when the money is there, and asked again with one tap', async () => {
  const { phone, page, mac } = await shop.buy(scenarios.success);
  await until(
    () => shop.devices(mac),
    (ids) => ids.length === 1,
  );
  await shop.stage.lango.asOwner(
    `INSERT INTO nas_status (nas_id, tenant_id, api_fault, api_fault_at) SELECT nas_id, tenant_id, 'unreachable', lango_now() FROM site_router WHERE site_id = $1
     ON CONFLICT (nas_id) DO UPDATE SET api_fault = 'unreachable', api_fault_at = lango_now()`,
    [shop.site['id']],
  );
  const down = await titled(phone, page.path, 'The router does not answer');
  expect([wordsOf(down), actsOf(down)]).toEqual([expect.stringContaining('Your money is safe'), ['Let me in now']]);
  await titled(phone, `${page.path}?lang=sw`, 'Ruta haijibu');
  await shop.stage.lango.asOwner('UPDATE nas_status SET api_fault = NULL, api_fault_at = NULL');
});

test('a plan that was taken off sale meanwhile is told as that, with the others to choose from', async () => {
  const rare = await makePackage(shop.stage.lango.api, { name: 'Rare', type: 'hotspot', price_cents: 1_000 });
  const kiosk = await make(shop.stage.lango.api, '/sites', {
    name: unique('Kiosk').slice(0, 30),
    package_ids: [rare['id'], shop.hourly['id']],
  });
  const phone = phoneAt(shop.stage.lango.baseUrl);
  await phone.open(`/hotspot/${kiosk['slug']}?mac=${shop.nextMac()}`);
  expect((await shop.stage.lango.api.delete(`/packages/${rare['id']}`)).status).toBeLessThan(300);
  const gone = await phone.send('/buy', { phone: nextPhone(), way: 'mpesa', plan: String(rare['id']) });
  expect(wordsOf(gone)).toMatch(/not sold any more\. Choose another one.*KES 20/);
  expect([gone.status, wordsOf(gone).includes('KES 10 '), actsOf(gone)]).toEqual([
    409,
    false,
    ['Pay KES 20 with M-Pesa'],
  ]);
});

test('tried again after a failure it is the same pass, and is paid', async () => {
  const { phone, page, number, mac } = await shop.buy(scenarios.cancelled);
  await titled(phone, page.path, 'Cancelled');
  await shiftClock(shop.stage.lango.db, '90 seconds');
  shop.stage.daraja.script(scenarios.success, msisdnOf(number));
  await phone.open(page.path);
  expect((await phone.send('/again')).path).toBe(page.path);
  await until(
    () => shop.devices(mac),
    (ids) => ids.length === 1,
  );
});

test('too little is kept, said, and the rest asked for', async () => {
  const { phone, page, number, mac } = await shop.buy(scenarios.nothing);
  await titled(phone, page.path, 'Enter your PIN on your phone');
  const push = shop.stage.daraja.pushes.find((one) => one.msisdn === msisdnOf(number))!;
  await shop.stage.daraja.confirm(
    shop.stage.daraja.payByHand({ msisdn: push.msisdn, amount: 12, account: push.reference }),
  );
  const short = await titled(phone, page.path, 'A little is missing');
  expect(wordsOf(short)).toMatch(/KES 12 has arrived.*KES 20 is the price.*Pay the missing KES 8/);
  expect(await shop.devices(mac)).toEqual([]);
  await shiftClock(shop.stage.lango.db, '90 seconds');
  shop.stage.daraja.script(scenarios.success, msisdnOf(number));
  await phone.send('/again');
  await until(
    () => shop.devices(mac),
    (ids) => ids.length === 1,
  );
});

test('a plan that is gone, a number that is none and terms that must be accepted are said beside the form', async () => {
  const phone = phoneAt(shop.stage.lango.baseUrl, 'sw');
  await phone.open(shop.door(shop.nextMac()));
  const none = await phone.send('/buy', { phone: '12', way: 'mpesa' });
  expect([none.status, wordsOf(none)]).toEqual([422, expect.stringMatching(/Andika namba ya simu/)]);
  const gone = await phone.send('/buy', { phone: nextPhone(), way: 'mpesa', plan: '999999' });
  expect(wordsOf(gone)).toMatch(/hakiuzwi tena/);
});
