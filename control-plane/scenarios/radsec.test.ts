import { get } from '../../radius/attributes';
import { Code, PacketBuilder, verifyRequest } from '../../radius/packet';
import type { RadsecRouter } from '../../radius/testing/radsec-client';
import { stopwatch } from '../test-kit/stopwatch';
import { makeActive, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import {
  issue,
  login,
  radsecSecret,
  report,
  startRadsecWorld,
  status,
  type Holder,
  type RadsecWorld,
} from './radsec-world';

jest.setTimeout(60_000);

let world: RadsecWorld;
let holder: Holder;
let router: RadsecRouter;
const orders: { code: number; session: string | undefined }[] = [];

beforeAll(async () => {
  world = await startRadsecWorld();
  holder = await world.router();
  router = await world.connect(holder, {
    onOrder: (order) => {
      if (verifyRequest(order, radsecSecret) !== 'valid') return undefined;
      orders.push({ code: order.code, session: get(order, 'Acct-Session-Id') });
      return PacketBuilder.reply(order, Code.DisconnectAck).seal(radsecSecret);
    },
  });
});
afterAll(async () => {
  router?.close();
  await world?.end();
});

describe('a router with a certificate', () => {
  it.each(['pap', 'chap', 'mschap2'] as const)(
    'logs its customers in by %s, keys and all, and out with a wrong password',
    async (method) => {
      const sub = await makeActive(world.lango.api);
      const right = await login(router, { username: sub['username'], method });
      expect([right.code, right.objection]).toEqual(['accept', undefined]);
      expect(get(right.reply!, 'Mikrotik-Rate-Limit')).toBeDefined();
      expect((await login(router, { username: sub['username'], method, password: 'guess' })).code).toBe('reject');
    },
  );

  it('is one router, whichever way it comes: its reports are of its sessions', async () => {
    const sub = await makeActive(world.lango.api);
    const { reply } = await login(router, { username: sub['username'] });
    const as = { session: '81500001', username: sub['username'] as string, class: reply!.first(0, 25) };
    expect((await router.ask(report({ status: 'Start', ...as })))?.code).toBe(Code.AccountingResponse);
    await router.ask(report({ status: 'Interim-Update', ...as, input: 5000, output: 70_000, seconds: 60 }));
    const { items } = (await world.lango.api.get<{ items: Json[] }>(`/sessions?acct_session_id=81500001`)).body;
    expect(items).toMatchObject([
      { router_id: holder.id, username: sub['username'], input_bytes: 5000, output_bytes: 70_000 },
    ]);
  });

  it('obeys: a suspended customer’s session is cut through its own connection', async () => {
    const sub = await makeActive(world.lango.api);
    const { reply } = await login(router, { username: sub['username'] });
    const as = { session: '81500002', username: sub['username'] as string, class: reply!.first(0, 25) };
    await router.ask(report({ status: 'Start', ...as }));
    await world.lango.api.post(`/subscriptions/${sub['id']}/suspend`, { reason: 'test' });
    await until(
      () => orders.some((order) => order.session === '81500002'),
      (obeyed) => obeyed,
      15_000,
    );
    expect(orders.filter((order) => order.session === '81500002')).toEqual([
      { code: Code.DisconnectRequest, session: '81500002' },
    ]);
    await router.ask(report({ status: 'Stop', ...as, seconds: 5 }));
    const proven = await until(
      async () =>
        (await world.lango.api.get<{ items: Json[] }>(`/enforcements?subscription_id=${sub['id']}`)).body.items,
      (items) => items[0]?.['state'] === 'proven',
      15_000,
    );
    expect(proven[0]).toMatchObject({ kind: 'cut', attempts: [{ via: 'disconnect', outcome: 'ack' }] });
  });

  it('has its Status-Server answered, signed', async () => {
    expect((await router.ask(status()))?.code).toBe(Code.AccessAccept);
  });

  it('has as many requests in flight as there are identifiers, each answered with its own answer', async () => {
    const subs = await Promise.all([makeActive(world.lango.api), makeActive(world.lango.api)]);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, id) =>
        login(router, { username: subs[id % 2]!['username'], password: id % 3 === 0 ? 'guess' : 'open-sesame', id }),
      ),
    );
    expect(answers.map((answer) => answer.code)).toEqual(
      Array.from({ length: 200 }, (_, id) => (id % 3 === 0 ? 'reject' : 'accept')),
    );
  });

  it('is told to be connected, by which certificate and since when', async () => {
    const list = await until(
      async () => (await world.lango.api.get<{ items: Json[] }>(`/routers/${holder.id}/certificates`)).body.items,
      (items) => items[0]?.['state'] === 'connected',
    );
    expect(list).toMatchObject([{ router_id: holder.id, connection: { protocol: 'TLSv1.3' } }]);
  });
});

describe('what breaks the protocol ends the connection (RFC 6613 section 2.6.4)', () => {
  it.each([
    ['an impossible length', Buffer.from([1, 1, 0, 5, ...Buffer.alloc(40)])],
    ['a wrong secret', PacketBuilder.request(Code.AccountingRequest, 1).seal(Buffer.from('radsecret'))],
    ['an unsigned Status-Server', PacketBuilder.request(Code.StatusServer, 1).seal(radsecSecret)],
    ['an attribute longer than its packet', Buffer.from([1, 1, 0, 22, ...Buffer.alloc(16), 1, 9])],
  ])('%s', async (_what, bytes) => {
    const broken = await world.connect(holder);
    broken.socket.write(bytes);
    await broken.closed;
  });

  it('but a code that we do not know and an answer to nothing are passed over', async () => {
    const odd = await world.connect(holder);
    odd.socket.write(PacketBuilder.request(Code.CoaRequest, 9).seal(radsecSecret));
    odd.socket.write(PacketBuilder.request(Code.DisconnectAck, 9).seal(radsecSecret));
    expect((await odd.ask(status()))?.code).toBe(Code.AccessAccept);
    odd.close();
  });
});

describe('a certificate', () => {
  it('that is revoked ends its connection within two seconds, and opens no other; its successor does', async () => {
    const old = await world.router();
    const live = await world.connect(old);
    const fresh = await issue(world.lango, old.id);
    const began = stopwatch();
    const revoked = await world.lango.api.post<Json>(`/radsec/certificates/${old.certificateId}/revoke`, {
      reason: 'lost',
    });
    expect(revoked.body).toMatchObject({ state: 'revoked', revoked_reason: 'lost' });
    await live.closed;
    expect(began()).toBeLessThan(2000);
    const again = await world.connect(old);
    expect(await again.ask(status(), 3000)).toBeUndefined();
    const next = await until(
      () => world.connect(fresh),
      (one) => one.open,
    );
    expect((await next.ask(status()))?.code).toBe(Code.AccessAccept);
    next.close();
  });

  it('of the port is replaced without a restart: new connections see the new one, open ones go on', async () => {
    const shown = (one: RadsecRouter) => one.socket.getPeerX509Certificate()?.subjectAltName;
    const before = await world.connect(holder);
    expect(shown(before)).toBe('DNS:localhost, IP Address:127.0.0.1');
    const admin = await world.lango.addCompany();
    await world.lango.setRole(admin, 'super_admin');
    await admin.api.post('/radsec/server/renew', { names: ['127.0.0.1', 'gate.example'] });
    const after = await until(
      () => world.connect(holder),
      (one) => {
        const fresh = shown(one)?.includes('gate.example') === true;
        if (!fresh) one.close();
        return fresh;
      },
    );
    expect((await after.ask(status()))?.code).toBe(Code.AccessAccept);
    expect((await before.ask(status()))?.code).toBe(Code.AccessAccept);
    after.close();
    before.close();
  });

  it('ends with its router', async () => {
    const gone = await world.router();
    const live = await world.connect(gone);
    expect((await world.lango.api.delete(`/routers/${gone.id}`)).status).toBe(204);
    await live.closed;
  });
});

describe('while a new authority takes over from the one before', () => {
  const alive = async (one: RadsecRouter): Promise<boolean> =>
    (await one.ask(status(), 20_000))?.code === Code.AccessAccept;

  it('certificates of both open connections and both can be revoked; then the old one is trusted no more', async () => {
    const admin = await world.lango.addCompany();
    await world.lango.setRole(admin, 'super_admin');
    const { api } = world.lango;
    const lost = await world.router();
    const before = await world.connect(holder);
    expect(await alive(before)).toBe(true);

    const begun = await admin.api.post<Json>('/radsec/authority/change', {});
    expect([begun.status, begun.body['authorities'].map((one: Json) => one['state'])]).toEqual([
      200,
      ['current', 'old'],
    ]);
    expect((await admin.api.post<Json>('/radsec/authority/change', {})).body['error'].code).toBe('change_under_way');
    expect((await api.post('/radsec/authority/change', {})).status).toBe(403);

    const fresh = await world.router();
    expect(fresh.ca.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    const young = await world.connect(fresh);
    expect(await alive(young)).toBe(true);
    // The open connection and a new one with a certificate of the old authority.
    expect(await alive(before)).toBe(true);
    const again = await world.connect(holder);
    expect(await alive(again)).toBe(true);
    again.close();

    const old = await api.get<{ items: Json[] }>('/radsec/certificates?authority=old&limit=100');
    const ids = old.body.items.map((one) => one['id'] as string);
    expect([ids.includes(holder.certificateId), ids.includes(fresh.certificateId)]).toEqual([true, false]);
    expect(old.body.items.every((one) => one['authority'] === 'old' && one['state'] !== 'revoked')).toBe(true);

    for (const one of [lost, await world.router()]) {
      const live = await world.connect(one);
      expect(await alive(live)).toBe(true);
      await api.post(`/radsec/certificates/${one.certificateId}/revoke`, { reason: 'lost' });
      await live.closed;
    }

    const refused = await admin.api.post<Json>('/radsec/authority/change/end', {});
    expect([refused.status, refused.body['error'].code]).toEqual([409, 'still_used']);
    const ended = await admin.api.post<Json>('/radsec/authority/change/end', { cut_off: true });
    expect([ended.status, ended.body['authorities'].length]).toEqual([200, 1]);
    await before.closed;
    const cut = await api.get<Json>(`/radsec/certificates/${holder.certificateId}`);
    expect(cut.body).toMatchObject({ state: 'revoked', revoked_reason: 'authority_retired' });
    expect(await alive(young)).toBe(true);
    // The port shows a certificate of the new authority: who trusts that one alone finds it good.
    const onlyNew = { ca: fresh.ca.slice(0, fresh.ca.indexOf('-----BEGIN', 10)) };
    const next = await until(
      () => world.connect(fresh, onlyNew).catch(() => undefined),
      (one) => one !== undefined,
      20_000,
    );
    expect(await alive(next!)).toBe(true);
    next!.close();
    young.close();
    const refusedOld = await world.connect(holder, onlyNew).catch(() => undefined);
    expect(await refusedOld?.ask(status(), 3000)).toBeUndefined();
    expect((await admin.api.post<Json>('/radsec/authority/change/end', {})).body['error'].code).toBe('no_change');
  });
});
