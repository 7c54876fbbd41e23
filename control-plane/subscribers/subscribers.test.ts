import { startTestLango, type TestLango } from '../test-kit/lango';
import { asOwner, makeActive, makeClient, openSession, unique, type Json } from '../test-kit/story';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

type List = { items: Json[]; nextCursor: string | null };

describe('clients', () => {
  it('are created with the phone in one form', async () => {
    const made = await lango.api.post<Json>('/clients', {
      name: ' Otieno O’Brien ',
      phone: '0712 345 678',
      email: 'o@example.com',
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: 'Otieno O’Brien',
      phone: '+254712345678',
      email: 'o@example.com',
      version: 1,
    });
    expect((await lango.api.get(`/clients/${made.body['id']}`)).body).toEqual(made.body);
  });

  it.each<[Json, string]>([
    [{ name: '', phone: '0712345678' }, 'name'],
    [{ phone: '0712345678' }, 'name'],
    [{ name: 'A\u0007', phone: '0712345678' }, 'name'],
    [{ name: 'A\u0000', phone: '0712345678' }, 'name'],
    [{ name: 'A' }, 'phone'],
    [{ name: 'A', phone: 'call me' }, 'phone'],
    [{ name: 'A', phone: 712345678 }, 'phone'],
    [{ name: 'A', phone: '0712345678', email: 'nobody' }, 'email'],
  ])('%j is refused because of %s', async (body, field) => {
    const refused = await lango.api.post<Json>('/clients', body);
    expect(refused.status).toBe(422);
    expect(Object.keys(refused.body['error'].fields)).toContain(field);
  });

  it('change field by field, and not over somebody else’s change', async () => {
    const made = await makeClient(lango.api, { email: 'a@example.com' });
    const changed = (await lango.api.patch<Json>(`/clients/${made['id']}`, { phone: '+254733000111', version: 1 }))
      .body;
    expect(changed).toMatchObject({ name: made['name'], phone: '+254733000111', email: 'a@example.com', version: 2 });
    const late = await lango.api.patch<Json>(`/clients/${made['id']}`, { name: 'Late', version: 1 });
    expect([late.status, late.body['error'].code]).toEqual([409, 'changed_meanwhile']);
    expect((await lango.api.patch<Json>(`/clients/${made['id']}`, { email: null })).body).toMatchObject({
      email: null,
    });
    expect((await lango.api.patch(`/clients/${made['id']}`, { phone: 'x' })).status).toBe(422);
  });

  it('are found by part of a name, by phone as dialled, and by username', async () => {
    const name = unique('Nyambura');
    const phone = `07${String(process.pid).padStart(8, '1').slice(-8)}`;
    const made = await makeClient(lango.api, { name, phone });
    const active = await makeActive(lango.api);
    const find = async (q: string) =>
      (await lango.api.get<List>(`/clients?q=${encodeURIComponent(q)}`)).body.items.map((c) => c['id']);
    expect(await find(name.slice(3).toUpperCase())).toEqual([made['id']]);
    expect(await find(phone)).toContain(made['id']);
    expect(await find(String(active['username']))).toEqual([active['client_id']]);
    expect(await find('100%')).toEqual([]);
  });

  it('list by page without gaps or repeats', async () => {
    const name = unique('Page');
    for (let n = 0; n < 5; n += 1) await makeClient(lango.api, { name });
    const seen: string[] = [];
    let cursor = '';
    do {
      const page: List = (await lango.api.get<List>(`/clients?q=${name}&limit=2${cursor}`)).body;
      seen.push(...page.items.map((c) => String(c['id'])));
      cursor = page.nextCursor ? `&cursor=${page.nextCursor}` : '';
    } while (cursor);
    expect(new Set(seen).size).toBe(5);
    for (const bad of ['limit=0', 'limit=1000', 'limit=x', 'cursor=zzz']) {
      expect((await lango.api.get(`/clients?${bad}`)).status).toBe(422);
    }
  });

  it('removed, lose their service and free its username', async () => {
    const active = await makeActive(lango.api);
    await openSession(lango.db, active['id']);
    expect((await lango.api.delete(`/clients/${active['client_id']}`)).status).toBe(204);
    expect((await lango.api.get(`/clients/${active['client_id']}`)).status).toBe(404);
    expect((await lango.api.delete(`/clients/${active['client_id']}`)).status).toBe(404);
    expect((await lango.api.get<Json>(`/subscriptions/${active['id']}`)).body).toMatchObject({ state: 'ended' });
    const cuts = (await lango.api.get<List>(`/enforcements?subscription_id=${active['id']}`)).body.items;
    expect(cuts).toMatchObject([{ kind: 'cut', reason: 'ended', state: 'open' }]);
    expect(await asOwner(lango.db, 'SELECT 1 FROM radcheck WHERE username = $1', [active['username']])).toEqual([]);
    await makeActive(lango.api, {}, { username: active['username'] });
  });

  it('with a phone or name that another company has too are no clash, and theirs do not exist here', async () => {
    const other = await lango.addCompany();
    const [mine, theirs] = [await makeClient(lango.api), await makeClient(other.api)];
    expect(mine['phone']).toBe(theirs['phone']);
    for (const answer of [
      await lango.api.get(`/clients/${theirs['id']}`),
      await lango.api.patch(`/clients/${theirs['id']}`, { name: 'Stolen' }),
      await lango.api.delete(`/clients/${theirs['id']}`),
      await lango.api.get(`/clients/${theirs['id']}/subscriptions`),
      await lango.api.get('/clients/0'),
      await lango.api.get('/clients/99999999999999999999999'),
      await lango.api.get("/clients/1'--"),
    ]) {
      expect(answer.status).toBe(404);
    }
    expect((await other.api.get<Json>(`/clients/${theirs['id']}`)).body).toEqual(theirs);
  });
});
