import { gzipSync } from 'node:zlib';
import { scenarios, type Scenario } from '../test-kit/daraja';
import { msisdnOf, openMpesaStage, type MpesaStage } from '../test-kit/payment-provider/mpesa-stage';
import { nextPhone } from '../test-kit/payment-provider/stage';
import { phoneAt, wordsOf, type Phone, type PhonePage } from '../test-kit/phone';
import { make, makePackage, makeRouter, shiftClock, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

let stage: MpesaStage;
let hourly: Json;
let site: Json;
let macs = 0;
const nextMac = (): string =>
  `02:E0:00:00:${((macs += 1) >> 8).toString(16).padStart(2, '0')}:${(macs & 255).toString(16).padStart(2, '0')}`.toUpperCase();

beforeAll(async () => {
  stage = await openMpesaStage();
  const { api } = stage.lango;
  hourly = await makePackage(api, {
    name: 'Hour 20',
    type: 'hotspot',
    price_cents: 2_000,
    validity: { count: 1, unit: 'hour' },
  });
  const daily = await makePackage(api, {
    name: 'Day 50',
    type: 'hotspot',
    price_cents: 5_000,
    quota_bytes: 2_000_000_000,
  });
  const router = await makeRouter(api);
  site = await make(api, '/sites', {
    name: 'Soko Mjinga',
    package_ids: [hourly['id'], daily['id']],
    router_ids: [router['id']],
    phone: '0709 200 300',
    trial_minutes: 10,
    terms: 'Be kind.',
  });
}, 90_000);
afterAll(() => stage?.stop());
afterEach(() => shiftClock(stage.lango.db, '0'));
jest.setTimeout(60_000);

const door = (mac: string, more = ''): string =>
  `/hotspot/${site['slug']}?mac=${encodeURIComponent(mac)}&ip=10.5.50.7${more}`;
/** Somebody new buys the hourly plan, and the phone does what the scenario says. */
async function buy(
  scenario: Scenario,
  mac = nextMac(),
  number = nextPhone(),
  phone: Phone = phoneAt(stage.lango.baseUrl),
) {
  stage.daraja.script(scenario, msisdnOf(number));
  await phone.open(door(mac));
  const page = await phone.send('/buy', { phone: number, way: 'mpesa' });
  return { phone, mac, number, page };
}
const phaseOf = (page: PhonePage): string | undefined => /data-title="([^·"]*) ·/.exec(page.text)?.[1];
const titled = (phone: Phone, path: string, title: string): Promise<PhonePage> =>
  until(
    () => phone.open(path),
    (page) => phaseOf(page) === title,
  );
/** The words of the filled buttons: what a page would have somebody do. */
const actsOf = (page: PhonePage): (string | undefined)[] =>
  [...page.text.matchAll(/class="button is-(?:pay|main)"[^>]*>([^<]*)</g)].map(([, word]) => word);
const devices = async (mac: string): Promise<string[]> =>
  (
    await stage.lango.asOwner<{ id: string }>('SELECT subscription_id::text AS id FROM hotspot_device WHERE mac = $1', [
      mac,
    ])
  ).map(({ id }) => id);

describe('buying', () => {
  test('a new guest picks a plan, types a number and waits; the money binds the device without a page', async () => {
    const phone = phoneAt(stage.lango.baseUrl);
    const mac = nextMac();
    const shop = await phone.open(door(mac, `&login=${encodeURIComponent('http://10.5.50.1/login')}`));
    expect(shop.status).toBe(200);
    expect(wordsOf(shop)).toMatch(
      /Soko Mjinga.*KES 20.*one hour.*until \d\d:\d\d.*KES 50.*2 GB.*Pay KES 20 with M-Pesa.*I already paid.*I have a voucher.*Try 10 minutes free.*Terms.*Help: 0709 200 300/,
    );
    // The first answer fits into the first packets of a connection.
    expect(gzipSync(shop.text).length).toBeLessThan(14_000);

    const number = nextPhone();
    stage.daraja.script(scenarios.nothing, msisdnOf(number));
    const sent = await phone.send('/buy', { phone: `${number.slice(0, 4)} ${number.slice(4)}`, way: 'mpesa' });
    expect(sent.path).toMatch(/\/pass\/[\w-]{43}$/);
    const waiting = await titled(phone, sent.path, 'Enter your PIN on your phone');
    expect(wordsOf(waiting)).toMatch(
      /Prompt sent to 07•• ••• \d{3}.*seconds left.*Amount KES 20.*Pay Bill, business number/,
    );
    expect(waiting.text).toContain('http-equiv="refresh"');
    expect(await devices(mac)).toEqual([]);

    // The sheet closes; the money comes.
    const [push] = stage.daraja.pushes.filter((one) => one.msisdn === msisdnOf(number));
    await stage.daraja.callback(stage.daraja.pay(push!));
    await until(
      () => devices(mac),
      (ids) => ids.length === 1,
    );
    const paid = await phone.open(sent.path);
    expect(phaseOf(paid)).toMatch(/^Paid/);
    // Nobody told Lango how to reach the router's API: its own login page lets the device in, by its address.
    const login = `http://10.5.50.1/login?var&#x3D;${encodeURIComponent(mac)}"`;
    expect(paid.text).toContain(`href="${login}`);
    // By itself while the payment is fresh; later a person decides.
    expect(paid.text).toContain(`data-go="${login}`);
    await shiftClock(stage.lango.db, '5 minutes');
    expect((await phone.open(sent.path)).text).not.toContain('data-go');
    expect(wordsOf(paid)).toMatch(/Time left .*Data left No limit/);
    // Within its validity the device and the browser each are known without a tap.
    expect((await phone.open(door(mac))).path).toBe(sent.path);
    expect(wordsOf(await phoneAt(stage.lango.baseUrl).open(door(mac)))).toMatch(/You are being let in/);
    // What was accepted is kept: these words, this device.
    expect(
      await stage.lango.asOwner(
        'SELECT t.words, c.mac FROM hotspot_consent c JOIN hotspot_terms t ON t.id = c.terms_id WHERE c.mac = $1',
        [mac],
      ),
    ).toEqual([{ words: 'Be kind.', mac }]);
  });

  test('a second tap is the same purchase; the same number from another device is told to wait', async () => {
    const number = nextPhone();
    stage.daraja.script(scenarios.nothing, msisdnOf(number));
    const phone = phoneAt(stage.lango.baseUrl);
    await phone.open(door(nextMac()));
    const word = 'a'.repeat(43);
    const first = await phone.send('/buy', { phone: number, way: 'mpesa', word });
    await phone.open(door(nextMac(), '&again=yes'));
    const second = await phone.send('/buy', { phone: number, way: 'mpesa', word });
    expect(second.path).toBe(first.path);
    const stranger = await buy(scenarios.nothing, nextMac(), number);
    expect(stranger.page.status).toBe(429);
    expect(wordsOf(stranger.page)).toMatch(/That phone was asked a moment ago/);
    // Nothing of the refused wish stays.
    expect(await stage.lango.asOwner('SELECT 1 FROM hotspot_pass WHERE mac = $1', [stranger.mac])).toEqual([]);
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
    const { phone, page, mac } = await buy(scenarios[name]);
    const failed = await titled(phone, page.path, title);
    expect(wordsOf(failed)).toMatch(words);
    expect(actsOf(failed)).toEqual(['Try again']);
    expect(actsOf(await titled(phone, `${page.path}?lang=sw`, swahili))).toEqual(['Jaribu tena']);
    expect(await devices(mac)).toEqual([]);
  });

  test('a refused card is told as that, in both languages, and can be tried again', async () => {
    const { phone, page, mac } = await buy(scenarios.cancelled);
    await titled(phone, page.path, 'Cancelled');
    // As the provider of cards says it; its own way there is in the tests of payments.
    await stage.lango.asOwner(
      `UPDATE payment SET code = 'payment_failed', code_text = 'Your card was declined.' WHERE id IN
       (SELECT o.payment_id FROM hotspot_order o JOIN hotspot_pass p ON p.id = o.pass_id WHERE p.mac = $1)`,
      [mac],
    );
    const refused = await titled(phone, page.path, 'Card refused');
    expect([wordsOf(refused), actsOf(refused)]).toEqual([
      expect.stringContaining('The bank did not pay'),
      ['Try again'],
    ]);
    await titled(phone, `${page.path}?lang=sw`, 'Kadi imekataliwa');
  });

  test('money for an account that was suspended is held, and the one thing to do is to call', async () => {
    const { phone, page, number, mac } = await buy(scenarios.nothing);
    await titled(phone, page.path, 'Enter your PIN on your phone');
    const [sub] = await stage.lango.asOwner<{ id: string }>(
      'SELECT subscription_id::text AS id FROM hotspot_pass WHERE mac = $1',
      [mac],
    );
    expect((await stage.lango.api.post(`/subscriptions/${sub?.id}/suspend`, { reason: 'abuse' })).status).toBe(200);
    const push = stage.daraja.pushes.find((one) => one.msisdn === msisdnOf(number))!;
    await stage.daraja.callback(stage.daraja.pay(push));
    const held = await titled(phone, page.path, 'Your account needs help');
    expect([wordsOf(held), actsOf(held)]).toEqual([
      expect.stringContaining('Your money has arrived and is safe'),
      ['Call 0709 200 300'],
    ]);
    expect(held.text).toContain('href="tel:0709200300"');
    await titled(phone, `${page.path}?lang=sw`, 'Akaunti yako inahitaji msaada');
    expect(await devices(mac)).toEqual([]);
  });

  test('a router that does not answer is told as that when the money is there, and asked again with one tap', async () => {
    const { phone, page, mac } = await buy(scenarios.success);
    await until(
      () => devices(mac),
      (ids) => ids.length === 1,
    );
    await stage.lango.asOwner(
      `INSERT INTO nas_status (nas_id, tenant_id, api_fault, api_fault_at) SELECT nas_id, tenant_id, 'unreachable', lango_now() FROM site_router WHERE site_id = $1
       ON CONFLICT (nas_id) DO UPDATE SET api_fault = 'unreachable', api_fault_at = lango_now()`,
      [site['id']],
    );
    const down = await titled(phone, page.path, 'The router does not answer');
    expect([wordsOf(down), actsOf(down)]).toEqual([expect.stringContaining('Your money is safe'), ['Let me in now']]);
    await titled(phone, `${page.path}?lang=sw`, 'Ruta haijibu');
    await stage.lango.asOwner('UPDATE nas_status SET api_fault = NULL, api_fault_at = NULL');
  });

  test('a plan that was taken off sale meanwhile is told as that, with the others to choose from', async () => {
    const rare = await makePackage(stage.lango.api, { name: 'Rare', type: 'hotspot', price_cents: 1_000 });
    const kiosk = await make(stage.lango.api, '/sites', {
      name: unique('Kiosk').slice(0, 30),
      package_ids: [rare['id'], hourly['id']],
    });
    const phone = phoneAt(stage.lango.baseUrl);
    await phone.open(`/hotspot/${kiosk['slug']}?mac=${nextMac()}`);
    expect((await stage.lango.api.delete(`/packages/${rare['id']}`)).status).toBeLessThan(300);
    const gone = await phone.send('/buy', { phone: nextPhone(), way: 'mpesa', plan: String(rare['id']) });
    expect(wordsOf(gone)).toMatch(/not sold any more\. Choose another one.*KES 20/);
    expect([gone.status, wordsOf(gone).includes('KES 10 '), actsOf(gone)]).toEqual([
      409,
      false,
      ['Pay KES 20 with M-Pesa'],
    ]);
  });

  test('tried again after a failure it is the same pass, and is paid', async () => {
    const { phone, page, number, mac } = await buy(scenarios.cancelled);
    await titled(phone, page.path, 'Cancelled');
    await shiftClock(stage.lango.db, '90 seconds');
    stage.daraja.script(scenarios.success, msisdnOf(number));
    await phone.open(page.path);
    expect((await phone.send('/again')).path).toBe(page.path);
    await until(
      () => devices(mac),
      (ids) => ids.length === 1,
    );
  });

  test('too little is kept, said, and the rest asked for', async () => {
    const { phone, page, number, mac } = await buy(scenarios.nothing);
    await titled(phone, page.path, 'Enter your PIN on your phone');
    const push = stage.daraja.pushes.find((one) => one.msisdn === msisdnOf(number))!;
    await stage.daraja.confirm(stage.daraja.payByHand({ msisdn: push.msisdn, amount: 12, account: push.reference }));
    const short = await titled(phone, page.path, 'A little is missing');
    expect(wordsOf(short)).toMatch(/KES 12 has arrived.*KES 20 is the price.*Pay the missing KES 8/);
    expect(await devices(mac)).toEqual([]);
    await shiftClock(stage.lango.db, '90 seconds');
    stage.daraja.script(scenarios.success, msisdnOf(number));
    await phone.send('/again');
    await until(
      () => devices(mac),
      (ids) => ids.length === 1,
    );
  });

  test('a plan that is gone, a number that is none and terms that must be accepted are said beside the form', async () => {
    const phone = phoneAt(stage.lango.baseUrl, 'sw');
    await phone.open(door(nextMac()));
    const none = await phone.send('/buy', { phone: '12', way: 'mpesa' });
    expect([none.status, wordsOf(none)]).toEqual([422, expect.stringMatching(/Andika namba ya simu/)]);
    const gone = await phone.send('/buy', { phone: nextPhone(), way: 'mpesa', plan: '999999' });
    expect(wordsOf(gone)).toMatch(/hakiuzwi tena/);
  });
});

describe('whoever comes back', () => {
  async function paid() {
    const made = await buy(scenarios.success);
    await until(
      () => devices(made.mac),
      (ids) => ids.length === 1,
    );
    const [subscription] = await devices(made.mac);
    await made.phone.open(made.page.path);
    return { ...made, subscription: subscription! };
  }

  test('renews with one tap when it has run out, by the cookie or the device; the number is masked', async () => {
    const { phone, mac, number, subscription } = await paid();
    await shiftClock(stage.lango.db, '2 hours');
    const ended = await phone.open(door(mac));
    expect(wordsOf(ended)).toMatch(/Renew Hour 20 The prompt goes to 07•• ••• \d{3}.*Pay KES 20 with M-Pesa/);
    const other = phoneAt(stage.lango.baseUrl);
    const page = await other.open(door(mac));
    expect(wordsOf(page)).toMatch(/Renew Hour 20/);
    expect(page.text).not.toContain(number.slice(1));
    stage.daraja.script(scenarios.success, msisdnOf(number));
    await other.send('/renew');
    await until(
      () => stage.service(subscription),
      (sub) => sub['state'] === 'active',
    );
  });

  test('with another address of the device moves the service in two taps, and the old one is nobody’s', async () => {
    const { phone, mac, subscription, page: first } = await paid();
    const fresh = nextMac();
    const page = await phone.open(door(fresh));
    expect(wordsOf(page)).toMatch(/Your Hour 20 is still running.*Use it on this device/);
    const moved = await phone.send('/here');
    expect(moved.path).toMatch(/\/pass\//);
    expect(await devices(fresh)).toEqual([subscription]);
    expect(await devices(mac)).toEqual([]);
    // The device that left is told where it went, with one tap back.
    const elsewhere = await titled(phoneAt(stage.lango.baseUrl), first.path, 'Used on another device');
    expect([wordsOf(elsewhere), actsOf(elsewhere)]).toEqual([
      expect.stringContaining('for one device at a time'),
      ['Use it on this device'],
    ]);
    await titled(phoneAt(stage.lango.baseUrl), `${first.path}?lang=sw`, 'Inatumika kwenye kifaa kingine');
    // A browser that never paid for it moves nothing.
    const stranger = phoneAt(stage.lango.baseUrl);
    expect(wordsOf(await stranger.open(door(nextMac())))).not.toMatch(/still running/);
  });

  test('without the cookie by the receipt; its last four signs are tried ten times, the whole one always', async () => {
    const { number, subscription } = await paid();
    const [{ receipt } = { receipt: '' }] = await stage.lango.asOwner<{ receipt: string }>(
      'SELECT receipt FROM payment WHERE subscription_id = $1',
      [subscription],
    );
    const mac = nextMac();
    const stranger = phoneAt(stage.lango.baseUrl);
    await stranger.open(`/hotspot/${site['slug']}/mine?mac=${mac}`);
    for (let tries = 0; tries < 10; tries += 1)
      await stranger.send('/mine', { phone: number, receipt: '####0000', way: 'receipt' });
    const last = await stranger.send('/mine', { phone: number, receipt: receipt.slice(-4), way: 'receipt' });
    expect(wordsOf(last)).toMatch(/tried too often. Type the whole receipt/);
    expect(await devices(mac)).toEqual([]);
    const owner = await stranger.send('/mine', { phone: number, receipt: receipt.toLowerCase(), way: 'receipt' });
    expect(owner.path).toMatch(/\/pass\//);
    expect(await devices(mac)).toEqual([subscription]);
  });

  test('a parent who pays for a second device gets a second service', async () => {
    const first = await paid();
    await shiftClock(stage.lango.db, '2 minutes');
    const second = await buy(scenarios.success, nextMac(), first.number);
    await until(
      () => devices(second.mac),
      (ids) => ids.length === 1,
    );
    expect(await devices(first.mac)).toEqual([first.subscription]);
    expect(await devices(second.mac)).not.toEqual([first.subscription]);
  });

  test('a stranger whose order for the same service was never paid is not let in by its owner’s money', async () => {
    const number = nextPhone();
    const stranger = await buy(scenarios.cancelled, nextMac(), number);
    await titled(stranger.phone, stranger.page.path, 'Cancelled');
    await shiftClock(stage.lango.db, '90 seconds');
    const owner = await buy(scenarios.success, nextMac(), number);
    await until(
      () => devices(owner.mac),
      (ids) => ids.length === 1,
    );
    expect(await devices(stranger.mac)).toEqual([]);
    const page = await stranger.phone.open(stranger.page.path);
    expect(phaseOf(page)).toBe('Cancelled');
    await stranger.phone.send('/again').catch(() => undefined);
    const moved = await fetch(`${stage.lango.baseUrl}${stranger.page.path}/here`, {
      method: 'POST',
      redirect: 'manual',
    });
    expect(moved.status).toBe(303);
    expect(await devices(stranger.mac)).toEqual([]);
  });
});

describe('other ways in', () => {
  test('a voucher lets the device in, its code moves it to another one, and a wrong one is said', async () => {
    const batch = await make(stage.lango.api, '/vouchers/batches', { package_id: hourly['id'], count: 1 });
    const [code] = batch['codes'] as string[];
    const macs2 = [nextMac(), nextMac()] as const;
    for (const mac of macs2) {
      const phone = phoneAt(stage.lango.baseUrl);
      await phone.open(`/hotspot/${site['slug']}/voucher?mac=${mac}`);
      expect(wordsOf(await phone.send('/voucher', { code: 'NO-SUCH-1' }))).toMatch(/No voucher has this code/);
      expect((await phone.send('/voucher', { code: code!.toLowerCase() })).path).toMatch(/\/pass\//);
      expect(await devices(mac)).toHaveLength(1);
    }
    expect(await devices(macs2[0])).toEqual([]);
  });

  test('a trial is given once to a device, for the minutes of the site, and again after its hours', async () => {
    const mac = nextMac();
    const phone = phoneAt(stage.lango.baseUrl);
    await phone.open(door(mac));
    const pass = await phone.send('/trial');
    expect(wordsOf(pass)).toMatch(/Time left (9|10) m/);
    await shiftClock(stage.lango.db, '11 minutes');
    const over = await phoneAt(stage.lango.baseUrl).open(door(mac));
    expect(wordsOf(over)).not.toMatch(/minutes free/);
    // A phone that takes another address is still the same browser.
    expect(wordsOf(await phone.open(door(nextMac())))).not.toMatch(/minutes free/);
    expect(wordsOf(over)).not.toMatch(/Renew/);
    await shiftClock(stage.lango.db, '25 hours');
    expect(wordsOf(await phoneAt(stage.lango.baseUrl).open(door(mac)))).toMatch(/Try 10 minutes free/);
  });

  test('what a link says is a wish: a broken address, another company’s router and a foreign login page are ignored', async () => {
    const phone = phoneAt(stage.lango.baseUrl);
    const other = await stage.lango.addCompany();
    const theirs = await makeRouter(other.api);
    const evil = `&router=${theirs['id']}&login=${encodeURIComponent('http://evil.example/login')}`;
    await phone.open(`/hotspot/${site['slug']}?mac=${encodeURIComponent('<script>alert(1)</script>')}${evil}`);
    const number = nextPhone();
    stage.daraja.script(scenarios.nothing, msisdnOf(number));
    const page = await phone.send('/buy', { phone: number, way: 'mpesa' });
    expect(page.text).not.toMatch(/evil\.example|<script>alert/);
    expect(
      await stage.lango.asOwner(
        'SELECT p.mac, p.login_url, p.nas_id = ANY (ARRAY(SELECT nas_id FROM site_router)) AS ours FROM hotspot_pass p ORDER BY id DESC LIMIT 1',
      ),
    ).toEqual([{ mac: null, login_url: null, ours: true }]);
    // Another site's guest does not see a pass by its word, nor is there anything at a word that nobody has.
    const theirSite = await make(other.api, '/sites', { name: unique('Jirani').slice(0, 30) });
    const word = page.path.split('/').at(-1);
    expect((await phone.open(`/hotspot/${theirSite['slug']}/pass/${word}`)).status).toBe(404);
    expect((await phone.open(`/hotspot/${site['slug']}/pass/${'b'.repeat(43)}`)).status).toBe(404);
    expect((await phone.open('/hotspot/no-such-site')).status).toBe(404);
  });
});
