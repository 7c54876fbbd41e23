import { consoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makePackage, makeRouter, unique, type Json } from '../test-kit/story';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

const site = (fields: Json = {}) => make(lango.api, '/sites', { name: unique('Soko'), ...fields });

describe('a site', () => {
  it('has a word in its address made of its name, another where that is taken, and keeps it', async () => {
    const made = await site({ name: 'Soko Mjinga Wi-Fi' });
    expect(made).toMatchObject({ slug: 'soko-mjinga-wi-fi', languages: ['en', 'sw'], packages: [], trial_minutes: 0 });
    const theirs = await lango.addCompany();
    const second = await make(theirs.api, '/sites', { name: 'Soko Mjinga Wi-Fi' });
    expect(second['slug']).toBe('soko-mjinga-wi-fi-2');
    const taken = await theirs.api.post<Json>('/sites', { name: 'Other', slug: 'soko-mjinga-wi-fi' });
    expect([taken.status, taken.body['error']]).toEqual([409, expect.objectContaining({ code: 'slug_taken' })]);
    const changed = await lango.api.put<Json>(`/sites/${made['id']}`, { name: 'Soko Kuu', version: 1, slug: 'x-x' });
    expect(changed.body).toMatchObject({ slug: 'soko-mjinga-wi-fi', name: 'Soko Kuu', version: 2 });
    expect((await lango.api.put(`/sites/${made['id']}`, { name: 'Late', version: 1 })).status).toBe(409);
  });

  it('shares no router with another, offers packages in its own order, and leaves out those that are no longer on sale', async () => {
    const router = await makeRouter(lango.api);
    const [day, week] = [await makePackage(lango.api), await makePackage(lango.api)];
    const first = await site({ router_ids: [router['id']], package_ids: [week['id'], day['id']] });
    expect((first['packages'] as Json[]).map(({ id }) => id)).toEqual([week['id'], day['id']]);
    const second = await lango.api.post<Json>('/sites', { name: unique('Soko'), router_ids: [router['id']] });
    expect([second.status, second.body['error']]).toEqual([409, expect.objectContaining({ code: 'router_taken' })]);
    await lango.api.delete(`/packages/${week['id']}`);
    const read = await lango.api.get<Json>(`/sites/${first['id']}`);
    expect((read.body['packages'] as Json[]).map(({ id }) => id)).toEqual([day['id']]);
    const gone = await lango.api.post<Json>('/sites', { name: unique('Soko'), package_ids: ['999999'] });
    expect(gone.body).toMatchObject({ error: { fields: { package_ids: expect.any(String) } } });
    // A router that is forgotten leaves its site, a site that is forgotten leaves its routers.
    await lango.api.delete(`/sites/${first['id']}`);
    expect(await site({ router_ids: [router['id']] })).toMatchObject({ routers: [{ id: router['id'] }] });
  });

  it.each([
    ['a colour on which white cannot be read', { colour: '#ffcc00' }, 'colour'],
    ['a colour that is none', { accent: 'red; background: url(x)' }, 'accent'],
    ['terms that must be accepted and are not written', { terms_required: true }, 'terms'],
    ['a language nobody wrote pages in', { languages: ['fr'] }, 'languages.0'],
    ['a word that would end the address', { slug: 'a/b' }, 'slug'],
    ['a name of two lines', { name: 'a\nb' }, 'name'],
  ])('refuses %s', async (_what, fields, named) => {
    const answer = await lango.api.post<Json>('/sites', { name: unique('Soko'), ...fields });
    expect(answer.status).toBe(422);
    expect(Object.keys((answer.body['error'] as Json)['fields'] as Json)).toEqual([named]);
  });

  it('has a door for strangers while its company may serve', async () => {
    const theirs = await lango.addCompany();
    const made = await make(theirs.api, '/sites', { name: unique('Duka') });
    const door = () => lango.asOwner('SELECT tenant_id, site_id FROM site_door($1)', [made['slug']]);
    expect(await door()).toEqual([{ tenant_id: theirs.tenantId.toString(), site_id: made['id'] }]);
    await lango.asOwner(`UPDATE tenant SET status = 'suspended' WHERE id = $1`, [theirs.tenantId.toString()]);
    expect(await door()).toEqual([]);
  });
});

describe('in the console', () => {
  it('is made by a form that keeps what was typed, found in the list, and changed', async () => {
    const router = await makeRouter(lango.api);
    const console = await consoleClient(lango);
    const typed = {
      name: 'Kituo cha Basi',
      phone: '0709 200 300',
      language: 'sw',
      both: 'yes',
      colour: '#ffcc00',
      [`router_${router['id']}`]: 'yes',
    };
    const refused = await console.post('/sites', typed);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('Write a dark colour');
    expect(refused.text).toContain('value="Kituo cha Basi"');
    const made = await console.post('/sites', { ...typed, colour: '#123456' });
    expect(made.status).toBe(303);
    const page = await console.get(made.location);
    expect(page.text).toContain('/hotspot/kituo-cha-basi');
    expect((await console.get('/sites?q=kituo')).text).toContain('Kituo cha Basi');
    const form = await console.get(`${made.location}/edit`);
    expect(form.text).toMatch(new RegExp(`name="router_${router['id']}" value="yes" checked`));
    const [row] = await lango.asOwner<{ languages: string[] }>(
      `SELECT languages FROM site WHERE slug = 'kituo-cha-basi'`,
    );
    expect(row?.languages).toEqual(['sw', 'en']);
    // A box that was not ticked stays so; who saves after somebody else is told, and loses nothing of what was typed.
    const late = { name: 'Kituo Kuu', language: 'sw', colour: '#123456', trial_once_per: 'phone', terms: 'Be kind.' };
    const unread = await console.post(`${made.location}/edit`, { ...late, version: '99' });
    expect([unread.status, unread.text.includes('Somebody changed this')]).toEqual([409, true]);
    expect(unread.text).toMatch(/value="Kituo Kuu"[^]*value="phone" selected[^]*Be kind\./);
    expect((await console.post(`${made.location}/edit`, { ...late, version: '1' })).status).toBe(303);
    expect(
      await lango.asOwner(`SELECT name, languages, trial_once_per FROM site WHERE slug = 'kituo-cha-basi'`),
    ).toEqual([{ name: 'Kituo Kuu', languages: ['sw'], trial_once_per: 'phone' }]);
    const alone = await console.post(`${made.location}/edit`, { ...late, version: '2', trial_once_per: 'identity' });
    expect([alone.status, alone.text.includes('Who signs in needs a sign-in of this site')]).toEqual([422, true]);
  });
});
