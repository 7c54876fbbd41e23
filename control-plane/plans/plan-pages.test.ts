import fc from 'fast-check';
import { consoleClient, type ConsoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeActive, makePackage, makeRouter, unique, type Json } from '../test-kit/story';
import { formValues } from './form-values';
import { readPlan } from './plan-form';
import { packageInput, type Package } from './schema';
import { sameTerms } from './version';

jest.setTimeout(120_000);

let lango: TestLango;
let console_: ConsoleClient;
beforeAll(async () => {
  lango = await startTestLango();
  await makeRouter(lango.api);
  console_ = await consoleClient(lango);
});
afterAll(() => lango.stop());

const read = async (id: string) => (await lango.api.get<Package>(`/packages/${id}`)).body;
const seen = (page: string) => /name="seen" value="([^"]+)"/.exec(page)?.[1] ?? '';

describe('the form of a plan', () => {
  const terms = {
    type: 'hotspot',
    validity: { count: 36, unit: 'minute', ends: 'exact' },
    quota_bytes: 1_234_567,
    throttle_down_kbps: 700,
    throttle_up_kbps: 300,
    on_quota: 'throttle',
    online_s: 100,
    grace_s: 1800,
    idle_timeout_s: 600,
    interim_s: 120,
    time_rules: [{ days: [1, 3, 5], from: '05:00', to: '07:30', counts_percent: 25 }],
    contract: { months: 6, early_fee_cents: 100_050 },
  };

  it('shows every term that the API can set, and saving it unchanged makes no version', async () => {
    const plan = await makePackage(lango.api, terms);
    const form = formValues(await read(plan['id']));
    const page = await console_.get(`/plans/${plan['id']}/edit`);
    for (const [name, value] of Object.entries(form))
      expect([name, page.text.includes(value.replaceAll("'", '&#x27;'))]).toEqual([name, true]);
    const saved = await console_.post(`/plans/${plan['id']}/edit`, { ...form, seen: seen(page.text) });
    expect([saved.status, saved.location]).toEqual([303, `/plans/${plan['id']}?told=renamed`]);
    expect(await read(plan['id'])).toMatchObject({
      version: 1,
      ...terms,
      time_rules: [{ days: [1, 3, 5], counts_percent: 25 }],
    });
  });

  it('says the same plan again whatever the plan, so that nothing is lost by opening and saving it', () => {
    const kbps = fc.integer({ min: 1, max: 100_000_000 });
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
    const plan = fc.record({
      name: fc.constant('Plan'),
      type: fc.constantFrom('pppoe', 'hotspot'),
      price_cents: fc.integer({ min: 0, max: 1_000_000_000 }),
      net_cents: fc.option(fc.integer({ min: 0, max: 1_000_000_000 })),
      currency: fc.constant('KES'),
      validity: fc.record({
        count: fc.integer({ min: 1, max: 100_000 }),
        unit: fc.constantFrom('second', 'minute', 'hour', 'day', 'week', 'month'),
        ends: fc.constantFrom('exact', 'end_of_day'),
      }),
      down_kbps: kbps,
      up_kbps: kbps,
      quota_bytes: maybe(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
      online_s: maybe(fc.integer({ min: 1, max: 315_360_000 })),
      grace_s: fc.integer({ min: 0, max: 31_536_000 }),
      idle_timeout_s: maybe(fc.integer({ min: 1, max: 31_536_000 })),
      interim_s: fc.integer({ min: 5, max: 86_400 }),
      simultaneous_use: fc.integer({ min: 1, max: 1000 }),
      starts_on: fc.constantFrom('activation', 'first_use'),
      time_rules: maybe(
        fc.array(
          fc.record({
            days: fc
              .uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 })
              .map((days) => [...days].sort((a, b) => a - b)),
            from: fc.constant('22:15'),
            to: fc.constantFrom('06:00', '24:00'),
            counts_percent: fc.integer({ min: 0, max: 100 }),
          }),
          { minLength: 1, maxLength: 16 },
        ),
      ),
      vlan_id: maybe(fc.integer({ min: 1, max: 4094 })),
      contract: maybe(
        fc.record({ months: fc.integer({ min: 1, max: 120 }), early_fee_cents: fc.integer({ min: 0, max: 1e9 }) }),
      ),
    });
    const nothing = {
      id: '1',
      version: 1,
      created_at: '',
      archived_at: null,
      burst: null,
      on_quota: 'cut',
      throttle_down_kbps: null,
      throttle_up_kbps: null,
      pool: null,
      address_list: null,
      ipv6_pool: null,
      delegated_ipv6_pool: null,
      fair_use: null,
      quota_cycle: null,
      profile_id: null,
      net_cents: null,
    };
    fc.assert(
      fc.property(plan, (some) => {
        const before = packageInput.parse({ ...nothing, ...some });
        const again = readPlan(formValues({ ...nothing, ...before } as Package));
        expect(again.kind).toBe('read');
        if (again.kind === 'read')
          expect(
            sameTerms(packageInput.parse({ price_cents: before.price_cents, ...again.input, currency: 'KES' }), before),
          ).toBe(true);
      }),
    );
  });

  it('makes a version of a change, keeps what runs, and moves it at renewal only when asked', async () => {
    const plan = await makePackage(lango.api, { price_cents: 5000 });
    const service = await makeActive(lango.api, {}, { package_id: plan['id'] });
    const form = formValues(await read(plan['id']));
    const page = await console_.get(`/plans/${plan['id']}/edit`);
    await console_.post(`/plans/${plan['id']}/edit`, { ...form, price: '60', seen: seen(page.text) });
    expect(await read(plan['id'])).toMatchObject({ version: 2, price_cents: 6000 });
    const on = async (version: number) =>
      (await console_.get(`/plans/${plan['id']}/subscriptions?version=${version}`)).text;
    expect([(await on(1)).includes(service['username']), (await on(2)).includes(service['username'])]).toEqual([
      true,
      false,
    ]);
    const next = await console_.get(`/plans/${plan['id']}/edit`);
    await console_.post(`/plans/${plan['id']}/edit`, {
      ...form,
      price: '70',
      seen: seen(next.text),
      existing: 'renewal',
    });
    const shown = await console_.get(`/plans/${plan['id']}`);
    expect(shown.text).toContain('one moves here at renewal');
    expect(await on(1)).toContain('then version 3');
    const [audit] = await lango.asOwner<{ detail: Json }>(
      `SELECT detail FROM audit_event WHERE action = 'plans.change' AND subject_id = $1 ORDER BY id DESC LIMIT 1`,
      [plan['id']],
    );
    expect(audit?.detail).toEqual({ price_cents: 7000, existing: 'renewal' });
  });

  it('that was opened before somebody else’s change is not saved over it, and keeps what was typed', async () => {
    const plan = await makePackage(lango.api);
    const page = await console_.get(`/plans/${plan['id']}/edit`);
    await lango.api.patch(`/packages/${plan['id']}`, { price_cents: 77_700 });
    const form = { ...formValues(plan as Package), price: '123.45' };
    const refused = await console_.post(`/plans/${plan['id']}/edit`, { ...form, seen: seen(page.text) });
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('it is at version 2 now');
    expect(refused.text).toContain('value="123.45"');
    expect(await read(plan['id'])).toMatchObject({ version: 2, price_cents: 77_700 });
    const saved = await console_.post(`/plans/${plan['id']}/edit`, { ...form, seen: seen(refused.text) });
    expect(saved.status).toBe(303);
    expect(await read(plan['id'])).toMatchObject({ version: 3, price_cents: 12_345 });
  });

  it.each([
    ['no price', { price: '' }, 'Give the price as a number'],
    ['a name in use', {}, 'Another plan on sale has this name'],
    ['a fee without a contract', { contract_fee: '500' }, 'Give whole months'],
  ])('with %s is refused with the words at the field and the values kept', async (_what, over, words) => {
    const taken = await makePackage(lango.api);
    const refused = await console_.post('/plans', { ...formValues(taken as Package), down: '17.5', ...over });
    expect([refused.status, refused.text.includes(words), refused.text.includes('value="17.5"')]).toEqual([
      422,
      true,
      true,
    ]);
  });
});

describe('what routers will be told', () => {
  it('of a plan that is being typed is what the login of its customer is then told', async () => {
    const values: Record<string, string> = {
      ...formValues({ ...((await makePackage(lango.api)) as Package), name: unique('Typed') }),
      down: '8',
      up: '4',
      quota: '10',
      on_quota: 'throttle',
      slow: '0.5',
      pool: 'home-pool',
      burst_down: '16',
      burst_up: '8',
    };
    const plans = async () => lango.asOwner('SELECT id FROM plan UNION ALL SELECT id FROM plan_version');
    const before = await plans();
    const preview = await console_.post('/plans/preview', values, { 'hx-request': 'true' });
    expect(preview.text).not.toContain('<html');
    expect(await plans()).toEqual(before);
    await console_.post('/plans', values);
    const sold = (await lango.api.get<{ items: Json[] }>(`/packages?q=${values['name']}`)).body.items[0];
    const service = await makeActive(lango.api, {}, { package_id: sold?.['id'] });
    const { reply } = (await lango.api.get<Json>(`/access/explain?username=${service['username']}`)).body;
    const told = (reply as { attribute: string; value: string }[]).filter(({ attribute }) => attribute !== 'Class');
    expect(told.length).toBeGreaterThan(3);
    for (const { attribute, value } of told) {
      expect(preview.text).toContain(attribute);
      // Time counts down between the two answers.
      if (attribute !== 'Session-Timeout')
        expect([attribute, preview.text.includes(`>${value}<`)]).toEqual([attribute, true]);
    }
    expect(preview.text).toContain('500k/500k');
    expect(preview.text).toContain('Pay page');
  });

  it('is shown at another router in its own words, and without scripts as a whole page with what was typed', async () => {
    const values = { ...formValues((await makePackage(lango.api)) as Package), at: 'other', name: 'Kept name' };
    const page = await console_.post('/plans/preview', values);
    expect([page.status, page.text.includes('value="Kept name"')]).toEqual([200, true]);
    expect(page.text).toContain('WISPr-Bandwidth-Max-Down');
    expect(page.text).toContain('Refuses');
  });

  it('cannot be asked about another company’s plan', async () => {
    const other = await lango.addCompany();
    const plan = await makePackage(other.api);
    for (const path of ['', '/edit', '/subscriptions'])
      expect((await console_.get(`/plans/${plan['id']}${path}`)).status).toBe(404);
    expect((await console_.post(`/plans/${plan['id']}/restore`)).status).toBe(404);
  });
});

describe('a plan off sale', () => {
  it('is listed apart, and comes back unless its name is taken', async () => {
    const plan = await makePackage(lango.api);
    await console_.post(`/plans/${plan['id']}/archive`);
    expect((await console_.get('/plans?archived=true')).text).toContain(plan['name']);
    const rival = await makePackage(lango.api, { name: plan['name'] });
    const refused = await console_.post(`/plans/${plan['id']}/restore`);
    expect(refused.location).toBe(`/plans/${plan['id']}?told=name_taken`);
    await lango.api.delete(`/packages/${rival['id']}`);
    expect((await lango.api.post<Json>(`/packages/${plan['id']}/restore`)).body).toMatchObject({ archived_at: null });
  });
});

describe('a speed profile', () => {
  const fast = { name: 'Fast', down_kbps: 20_000, up_kbps: 10_000 };

  it('gives its speed to plans, which keep it when the profile changes', async () => {
    const profile = await make(lango.api, '/packages/profiles', { ...fast, name: unique('Fast') });
    const plan = await makePackage(lango.api, { profile_id: profile['id'] });
    expect(plan).toMatchObject({ down_kbps: 20_000, up_kbps: 10_000, profile_id: profile['id'] });
    const service = await makeActive(lango.api, {}, { package_id: plan['id'] });
    const change = (over: Json) => lango.api.put<Json>(`/packages/profiles/${profile['id']}`, { ...profile, ...over });
    expect((await change({ down_kbps: 30_000 })).body).toMatchObject({ version: 2, packages: [{ id: plan['id'] }] });
    expect(await read(plan['id'])).toMatchObject({ version: 1, down_kbps: 20_000 });
    expect((await change({ down_kbps: 40_000 })).status).toBe(409);
    await change({ down_kbps: 40_000, version: 2, plans: 'renewal' });
    expect(await read(plan['id'])).toMatchObject({ version: 2, down_kbps: 40_000, profile_id: profile['id'] });
    expect((await lango.api.get<Json>(`/subscriptions/${service['id']}`)).body).toMatchObject({
      service: { down_kbps: 20_000 },
    });
    await lango.api.patch(`/packages/${plan['id']}`, { down_kbps: 50_000 });
    expect(await read(plan['id'])).toMatchObject({ down_kbps: 50_000, profile_id: null });
  });

  it('is not given to a plan whose steps would be faster than it, and then nothing changes', async () => {
    const profile = await make(lango.api, '/packages/profiles', { ...fast, name: unique('Fast') });
    const plan = await makePackage(lango.api, {
      profile_id: profile['id'],
      down_kbps: 20_000,
      up_kbps: 10_000,
      fair_use: [{ at_bytes: 5e9, down_kbps: 15_000, up_kbps: 8000 }],
    });
    const slower = { ...plan, name: unique('Slower'), profile_id: profile['id'], down_kbps: 90_000, up_kbps: 90_000 };
    const steps = [{ at_bytes: 5e9, down_kbps: 25_000, up_kbps: 8000 }];
    const wrong = await lango.api.post<Json>('/packages', { ...slower, fair_use: steps });
    expect([wrong.status, Object.keys(wrong.body['error'].fields)]).toEqual([422, ['fair_use.0.down_kbps']]);
    const page = await console_.post(`/plans/profiles/${profile['id']}`, {
      name: profile['name'],
      down: '10',
      up: '5',
      version: '1',
      plans: 'new_sales',
    });
    expect([page.status, page.text.includes(`The plan ${plan['name']} has steps`)]).toEqual([422, true]);
    expect((await lango.api.get<Json>(`/packages/profiles/${profile['id']}`)).body).toMatchObject({
      version: 1,
      down_kbps: 20_000,
    });
  });

  it('is chosen in the form of a plan, made and taken away at its pages', async () => {
    const name = unique('Slow');
    expect((await console_.post('/plans/profiles', { name, down: 'x', up: '1' })).status).toBe(422);
    expect((await console_.post('/plans/profiles', { name, down: '2', up: '1' })).location).toBe('/plans/profiles');
    const { items } = (await lango.api.get<{ items: Json[] }>('/packages/profiles')).body;
    const made = items.find((one) => one['name'] === name);
    expect((await console_.post('/plans/profiles', { name: name.toUpperCase(), down: '2', up: '1' })).status).toBe(422);
    const plan = formValues({ ...((await makePackage(lango.api)) as Package), name: unique('On slow') });
    await console_.post('/plans', { ...plan, down: '', up: '', profile: made?.['id'] });
    const sold = (await lango.api.get<{ items: Json[] }>(`/packages?q=${plan['name']}`)).body.items[0];
    expect(sold).toMatchObject({ down_kbps: 2000, up_kbps: 1000, profile_id: made?.['id'] });
    await console_.post(`/plans/profiles/${made?.['id']}/archive`);
    expect((await lango.api.get(`/packages/profiles/${made?.['id']}`)).status).toBe(404);
    expect((await lango.api.patch(`/packages/${sold?.['id']}`, { profile_id: made?.['id'] })).status).toBe(422);
  });
});
