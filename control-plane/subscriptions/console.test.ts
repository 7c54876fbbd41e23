import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeActive, makePackage, makeSubscription, type Json } from '../test-kit/story';

/** The forms on which staff sell a service and change it: what is refused comes back with what was typed, and nothing has changed. */
let lango: TestLango;
let staff: ConsoleClient;
beforeAll(async () => {
  lango = await startTestLango();
  staff = await consoleClient(lango);
});
afterAll(() => lango?.stop());

const show = async (sub: Json) => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body;
const send = (sub: Json, what: string, fields: Record<string, string>) =>
  staff.post(`/subscriptions/${sub['id']}/${what}`, fields);

test('a menu’s form with something wrong comes back as a page of its own, and is done once it is right', async () => {
  const sub = await makeActive(lango.api, {});
  const before = await show(sub);
  for (const [what, fields, words] of [
    ['extend', { count: 'soon' }, 'whole number of days'],
    ['suspend', { reason: '' }, 'Give a reason'],
    ['top-up', { gigabytes: 'many' }, 'gigabytes as a number'],
    ['device', { lock: 'this', mac: 'my phone' }, 'AA:BB:CC:DD:EE:FF'],
    ['renew', { pay: 'later' }, 'Choose how it is paid'],
  ] as const) {
    const answer = await send(sub, what, fields);
    expect({ what, status: answer.status }).toEqual({ what, status: 422 });
    expect(answer.text.split(words).length).toBeGreaterThan(2);
    for (const typed of what === 'renew' ? [] : Object.values(fields)) expect(answer.text).toContain(typed);
  }
  expect(await show(sub)).toEqual(before);
  expect((await send(sub, 'extend', { count: ' 3 ' })).location).toContain('done=extend');
  const ends = [before, await show(sub)].map((one) => Date.parse(one['expires_at'] as string));
  expect((ends[1] ?? 0) - (ends[0] ?? 0)).toBe(3 * 86_400_000);
});

test('what a service’s state or the wallet does not allow is said above what was typed', async () => {
  const [active, pending] = [await makeActive(lango.api, {}), await makeSubscription(lango.api)];
  const early = await send(pending, 'extend', { count: '3' });
  expect([early.status, early.text.includes('value="3"')]).toEqual([409, true]);
  expect(early.text).toContain('It has not begun');
  const poor = await send(active, 'renew', { pay: 'wallet' });
  expect([poor.status, poor.text.includes('The wallet does not hold enough')]).toEqual([409, true]);
  expect((await send({ id: '999999' }, 'extend', { count: '3' })).status).toBe(404);
});

test('a login that is taken is said at its field, with the rest as it was typed; then it is sold once', async () => {
  const plan = await makePackage(lango.api, { name: 'Home 7' });
  const taken = await makeSubscription(lango.api);
  const client = await make(lango.api, '/clients', { name: 'Wanjiku', phone: '0744555666' });
  const id = String(client['id']);
  expect((await staff.get(`/subscriptions/new?client=${id}`)).text).toContain('Wanjiku');
  expect((await staff.get('/subscriptions/new?client=999999')).status).toBe(404);
  const form = { client_id: id, package_id: String(plan['id']), password: 'open sesame' };
  const again = await staff.post('/subscriptions', { ...form, username: String(taken['username']) });
  expect(again.status).toBe(422);
  expect(again.text.split('Another subscription has this login').length).toBe(3);
  expect(again.text).toContain('value="open sesame"');
  expect(again.text).toMatch(new RegExp(`value="${plan['id']}" selected`));
  const sold = await staff.post('/subscriptions', { ...form, username: 'wanjiku' });
  expect(sold.location).toMatch(new RegExp(`^/subscribers/${id}\\?subscription=\\d+&done=create$`));
});

test('a change of plan without a way comes back with the figures and says what is missing at the choice', async () => {
  const sub = await makeActive(lango.api, {});
  const other = await makePackage(lango.api, { name: 'Home 90', price_cents: 900_000 });
  const answer = await send(sub, 'change-plan', { package_id: String(other['id']) });
  expect([answer.status, answer.text.includes('id="e-way"')]).toEqual([422, true]);
  const short = await send(sub, 'change-plan', { package_id: String(other['id']), way: 'money' });
  expect([short.status, short.text.includes('value="money" checked')]).toEqual([422, true]);
  expect((await show(sub))['package_id']).toBe(sub['package_id']);
});
