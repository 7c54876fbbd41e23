import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { startTestIssuer, type TestIssuer } from '../test-kit/identity/issuer';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { startAfricasTalking, type FakeAfricasTalking } from '../test-kit/messaging/africastalking';
import { sendsSms, smsAccount } from '../test-kit/messaging/company-sms';
import { phoneAt, wordsOf, type Phone, type PhonePage } from '../test-kit/phone';
import {
  make,
  makeActive,
  makeClient,
  makePackage,
  makeRouter,
  shiftClock,
  unique,
  type Json,
} from '../test-kit/story';
import { until } from '../test-kit/until';

let at: FakeAfricasTalking;
let lango: TestLango;
let issuer: TestIssuer;
let admin: ConsoleClient;
let plan: Json;

beforeAll(async () => {
  at = await startAfricasTalking(smsAccount);
  issuer = await startTestIssuer({ sub: 'guest-1', email: 'guest@school.example', email_verified: true });
  lango = await startTestLango({ parts: ['jobs'], urls: { africastalking: at.url } });
  await sendsSms(lango);
  plan = await makePackage(lango.api, { name: 'Hour 20', type: 'hotspot', price_cents: 2_000 });
  admin = await consoleClient(lango);
}, 60_000);
afterAll(async () => {
  await lango?.stop();
  await issuer?.stop();
  await at?.stop();
});
afterEach(() => shiftClock(lango.db, '0'));
jest.setTimeout(60_000);

let macs = 0;
const nextMac = (): string => `02:E1:00:00:00:${(macs += 1).toString(16).padStart(2, '0')}`.toUpperCase();
let phones = 0;
const nextPhone = (): string => `07210${String((phones += 1)).padStart(5, '0')}`;
const door = (site: Json, mac: string, more = ''): string =>
  `/hotspot/${site['slug']}${more}?mac=${encodeURIComponent(mac)}`;
const aSite = async (more: Json = {}): Promise<Json> =>
  make(lango.api, '/sites', {
    name: unique('Soko').slice(0, 30),
    package_ids: [plan['id']],
    router_ids: [(await makeRouter(lango.api))['id']],
    trial_minutes: 10,
    ...more,
  });
const subscriptionOf = async (mac: string): Promise<string[]> =>
  (
    await lango.asOwner<{ id: string }>('SELECT subscription_id::text AS id FROM hotspot_device WHERE mac = $1', [mac])
  ).map(({ id }) => id);
/** A customer with a hotspot service that runs. */
async function customer(fields: Json): Promise<Json> {
  const client = await makeClient(lango.api, fields);
  return makeActive(lango.api, { type: 'hotspot' }, { client_id: client['id'], package_id: plan['id'] });
}
/** The last code that a phone was sent, once so many have come. */
const codeOn = async (phone: string, many = 1): Promise<string> => {
  const to = `+254${phone.slice(1)}`;
  const all = await until(
    // On a busy machine a message is sent again whose answer came too late: it is no other code. Nor is a welcome one.
    () => [
      ...new Set(
        at.sent.filter((one) => one.to === to).flatMap(({ text }) => /\b(\d{6}) is your code\b/.exec(text)?.[1] ?? []),
      ),
    ],
    (codes) => codes.length >= many,
  );
  return all.at(-1)!;
};

describe('a trial for each phone number', () => {
  let site: Json;
  beforeAll(async () => {
    site = await aSite({ trial_once_per: 'phone', terms: 'Be kind.', terms_required: true });
  });

  /** Asks for the trial with a number and types the code that comes. */
  async function tryWith(number: string, mac: string, codes = 1): Promise<{ phone: Phone; page: PhonePage }> {
    const phone = phoneAt(lango.baseUrl);
    await phone.open(door(site, mac, '/trial'));
    const asked = await phone.send('/trial', { phone: number, accepts: 'yes' });
    const page = await phone.send(asked.path.split('?')[0]!, { code: await codeOn(number, codes) });
    return { phone, page };
  }

  test('a code shows the number, the device is let in for the minutes; the same number gets none with another device', async () => {
    const mac = nextMac();
    const number = nextPhone();
    const phone = phoneAt(lango.baseUrl);
    const shop = await phone.open(door(site, mac));
    expect(shop.text).toContain(`href="/hotspot/${site['slug']}/trial?mac&#x3D;`);
    await phone.open(door(site, mac, '/trial'));
    const without = await phone.send('/trial', { phone: '12', accepts: '' });
    expect([without.status, wordsOf(without)]).toEqual([422, expect.stringMatching(/0712 345 678.*Accept the terms/)]);
    expect(without.text).toContain('value="12"');
    const asked = await phone.send('/trial', { phone: number, accepts: 'yes' });
    expect(wordsOf(asked)).toMatch(/A code is on its way by SMS/);
    expect(await subscriptionOf(mac)).toEqual([]);
    const code = await codeOn(number);
    const wrong = await phone.send(asked.path.split('?')[0]!, { code: String((Number(code) + 1) % 1_000_000) });
    expect(wordsOf(wrong)).toMatch(/That is not the code/);
    const done = await phone.send(asked.path.split('?')[0]!, { code });
    expect(wordsOf(done)).toMatch(/Time left (9|10) m/);
    expect(await subscriptionOf(mac)).toHaveLength(1);

    // Another address, another browser, the same number: told only to whoever has shown that it is theirs.
    const other = nextMac();
    const second = await tryWith(number, other, 2);
    expect(wordsOf(second.page)).toMatch(/The free minutes were used.*again after 24 hours/);
    expect(await subscriptionOf(other)).toEqual([]);
    // Nor has the same device another with another number.
    await shiftClock(lango.db, '11 minutes');
    expect(wordsOf(await phoneAt(lango.baseUrl).open(door(site, mac)))).not.toMatch(/minutes free/);
    // Nothing tells the number to whoever reads the table.
    expect(JSON.stringify(await lango.asOwner('SELECT * FROM hotspot_trial'))).not.toContain(number.slice(1));
    await shiftClock(lango.db, '25 hours');
    expect(wordsOf((await tryWith(number, nextMac(), 3)).page)).toMatch(/Time left (9|10) m/);
  });

  test('two devices with one number at once are one trial', async () => {
    const number = nextPhone();
    const both = [nextMac(), nextMac()];
    const asked = [];
    for (const [n, mac] of both.entries()) {
      const phone = phoneAt(lango.baseUrl);
      await phone.open(door(site, mac, '/trial'));
      const page = await phone.send('/trial', { phone: number, accepts: 'yes' });
      asked.push({ phone, to: page.path.split('?')[0]!, code: await codeOn(number, n + 1) });
    }
    await Promise.all(asked.map(({ phone, to, code }) => phone.send(to, { code })));
    expect((await Promise.all(both.map(subscriptionOf))).flat()).toHaveLength(1);
  });

  test('a code of “I already paid” lets a customer’s device in, and trials that are asked for in numbers keep nobody from one', async () => {
    const number = nextPhone();
    const sub = await customer({ phone: number });
    for (let n = 0; n < 5; n += 1) {
      const phone = phoneAt(lango.baseUrl);
      await phone.open(door(site, nextMac(), '/trial'));
      await phone.send('/trial', { phone: number, accepts: 'yes' });
    }
    // Messages overtake each other: those five first.
    await codeOn(number, 5);
    const phone = phoneAt(lango.baseUrl);
    const mac = nextMac();
    await phone.open(door(site, mac, '/mine'));
    const page = await phone.send('/mine', { phone: number, receipt: '', way: 'code' });
    await phone.send(page.path.split('?')[0]!, { code: await codeOn(number, 6) });
    expect(await subscriptionOf(mac)).toEqual([sub['id']]);
  });
});

describe('signing in', () => {
  let site: Json;
  const provider = () => ({
    name: 'School account',
    issuer: issuer.issuer,
    client_id: issuer.clientId,
    client_secret: issuer.clientSecret,
    hosts: 'cdn.school.example',
  });
  beforeAll(async () => {
    site = await aSite({});
    expect((await admin.post(`/sites/${site['id']}/identity`, provider())).status).toBe(303);
  });
  beforeEach(() => {
    issuer.mischief = undefined;
  });

  /** To the provider and back, as far as the address that the provider sends the browser to. */
  async function leave(phone: Phone, mac: string, where = site): Promise<string> {
    await phone.open(door(where, mac, '') + '&again=yes');
    const page = await phone.send('/identity');
    const url = /data-go="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=') ?? '';
    const there = await fetch(url, { redirect: 'manual' });
    const back = new URL(there.headers.get('location') ?? '');
    return back.pathname + back.search;
  }

  test('the provider is taken once it answers, its secret is never shown, and its hosts are opened', async () => {
    const other = await aSite();
    const path = `/sites/${other['id']}/identity`;
    const refused = await admin.post(path, { ...provider(), issuer: `${issuer.issuer}/elsewhere`, hosts: 'nonsense' });
    expect([refused.status, refused.text.includes('value="School account"')]).toEqual([422, true]);
    expect((await admin.post(path, { ...provider(), issuer: `${issuer.issuer}/elsewhere` })).text).toContain(
      'Nothing answers there',
    );
    expect((await admin.post(path, { ...provider(), client_secret: '' })).text).toContain('client secret of this');
    expect(
      (await lango.api.put(`/sites/${other['id']}`, { name: other['name'], trial_once_per: 'identity', version: 1 }))
        .status,
    ).toBe(422);
    expect((await admin.post(path, provider())).status).toBe(303);
    const page = await admin.get(`/sites/${other['id']}`);
    expect(page.text).toMatch(/School account[^]*127\.0\.0\.1, cdn\.school\.example/);
    expect(page.text + (await admin.get(path)).text).not.toContain(issuer.clientSecret);
    expect((await lango.api.get<Json>(`/sites/${other['id']}`)).body['identity_provider']).toEqual({
      name: 'School account',
      issuer: issuer.issuer,
      client_id: issuer.clientId,
      hosts: ['127.0.0.1', 'cdn.school.example'],
    });
    // Another company neither sees nor changes it.
    const strange = await consoleClient(lango, await lango.addCompany());
    expect((await strange.post(path, provider())).status).toBe(404);
    expect((await admin.post(`${path}/remove`, {})).status).toBe(303);
    expect(wordsOf(await phoneAt(lango.baseUrl).open(door(other, nextMac())))).not.toContain('School account');
  });

  test('the API sets and takes away the provider as the page does', async () => {
    const other = await aSite();
    const path = `/sites/${other['id']}/identity-provider`;
    const wanted = { ...provider(), hosts: ['CDN.school.example'] };
    for (const [change, field] of [
      [{ issuer: `${issuer.issuer}/elsewhere` }, 'issuer'],
      [{ client_secret: '' }, 'client_secret'],
      [{ hosts: ['not a host'] }, 'hosts'],
    ] as const) {
      const refused = await lango.api.put<Json>(path, { ...wanted, ...change });
      expect([refused.status, JSON.stringify(refused.body)]).toEqual([422, expect.stringContaining(`"${field}`)]);
    }
    const set = await lango.api.put<Json>(path, wanted);
    expect([set.status, set.body['identity_provider']]).toEqual([
      200,
      {
        name: 'School account',
        issuer: issuer.issuer,
        client_id: issuer.clientId,
        hosts: ['127.0.0.1', 'cdn.school.example'],
      },
    ]);
    expect(JSON.stringify(set.body)).not.toContain(issuer.clientSecret);
    // Another name for the same: the secret stays.
    const { client_secret: _kept, ...renamed } = { ...wanted, name: 'Staff account' };
    expect((await lango.api.put<Json>(path, renamed)).body['identity_provider']['name']).toBe('Staff account');
    expect((await lango.api.delete(path)).status).toBe(204);
    expect((await lango.api.delete(path)).status).toBe(404);
    expect((await lango.api.get<Json>(`/sites/${other['id']}`)).body['identity_provider']).toBeNull();
  });

  test('whoever signs in gets the trial once, also with another device', async () => {
    issuer.user = { sub: 'guest-1', email: 'guest@school.example', email_verified: true };
    const mac = nextMac();
    const phone = phoneAt(lango.baseUrl);
    expect(wordsOf(await phone.open(door(site, mac)))).toContain('Sign in with School account');
    const done = await phone.open(await leave(phone, mac));
    expect(done.path).toMatch(/\/pass\//);
    expect(wordsOf(done)).toMatch(/Time left (9|10) m/);
    expect(await subscriptionOf(mac)).toHaveLength(1);
    const other = nextMac();
    const stranger = phoneAt(lango.baseUrl);
    expect(wordsOf(await stranger.open(await leave(stranger, other)))).toMatch(/The free minutes were used/);
    expect(await subscriptionOf(other)).toEqual([]);
  });

  test('a customer whose address the provider has confirmed gets their service; an address that it has not is nobody’s', async () => {
    const email = `${unique('njeri')}@school.example`.toLowerCase();
    const sub = await customer({ email, phone: nextPhone() });
    issuer.user = { sub: unique('thief'), email, email_verified: false };
    const thief = nextMac();
    const first = phoneAt(lango.baseUrl);
    await first.open(await leave(first, thief));
    expect(await subscriptionOf(thief)).not.toContain(sub['id']);
    issuer.user = { sub: unique('owner'), email, email_verified: true };
    const mac = nextMac();
    const phone = phoneAt(lango.baseUrl);
    await phone.open(await leave(phone, mac));
    expect(await subscriptionOf(mac)).toEqual([sub['id']]);
  });

  test.each(['nonce', 'signature', 'audience', 'issuer', 'late'] as const)(
    'an answer with a wrong %s lets nobody in',
    async (mischief) => {
      issuer.user = { sub: unique('m'), email: 'm@school.example', email_verified: true };
      issuer.mischief = mischief;
      const mac = nextMac();
      const phone = phoneAt(lango.baseUrl);
      const page = await phone.open(await leave(phone, mac));
      expect([page.status, wordsOf(page)]).toEqual([422, expect.stringContaining('Not signed in')]);
      expect(await subscriptionOf(mac)).toEqual([]);
    },
  );

  test('what comes back counts once, for its own site, in a quarter of an hour, and a made-up state never', async () => {
    issuer.user = { sub: unique('once'), email: 'once@school.example', email_verified: true };
    const mac = nextMac();
    const phone = phoneAt(lango.baseUrl);
    const back = await leave(phone, mac);
    const wrong = back.replace(/state=[^&]+/, `state=${'a'.repeat(43)}`);
    expect((await phone.open(wrong)).status).toBe(422);
    const elsewhere = await aSite();
    expect((await phone.open(back.replace(String(site['slug']), String(elsewhere['slug'])))).status).toBe(422);
    expect((await phone.open(back)).path).toMatch(/\/pass\//);
    expect((await phone.open(back)).status).toBe(422);
    const late = await leave(phone, nextMac());
    await shiftClock(lango.db, '16 minutes');
    expect((await phone.open(late)).status).toBe(422);
  });

  test('a browser that lost its cookie is asked first: a link that somebody else began lets nobody’s device in unseen', async () => {
    issuer.user = { sub: unique('victim'), email: 'victim@school.example', email_verified: true };
    const mac = nextMac();
    const back = await leave(phoneAt(lango.baseUrl), mac);
    const fresh = phoneAt(lango.baseUrl);
    const asked = await fresh.open(back);
    expect(wordsOf(asked)).toMatch(new RegExp(`Is this your device\\?.*…${mac.slice(-5)}`));
    expect(await subscriptionOf(mac)).toEqual([]);
    const done = await fresh.send('/identity/confirm');
    expect(done.path).toMatch(/\/pass\//);
    expect(await subscriptionOf(mac)).toHaveLength(1);
  });

  test('where terms must be accepted nobody leaves without, and a trial for each person is given by signing in alone', async () => {
    const strict = await aSite({ terms: 'Be kind.', terms_required: true });
    expect((await admin.post(`/sites/${strict['id']}/identity`, provider())).status).toBe(303);
    const change = { name: strict['name'], trial_once_per: 'identity', version: strict['version'] };
    expect((await lango.api.put(`/sites/${strict['id']}`, change)).status).toBe(200);
    const phone = phoneAt(lango.baseUrl);
    const shop = await phone.open(door(strict, nextMac()));
    expect(wordsOf(shop)).not.toMatch(/minutes free/);
    const refused = await phone.send('/identity');
    expect([refused.status, wordsOf(refused)]).toEqual([422, expect.stringContaining('Accept the terms')]);
    expect((await phone.send('/identity', { accepts: 'yes' })).text).toContain('data-go="http');
  });
});
