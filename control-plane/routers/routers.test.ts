import { join } from 'node:path';
import { Client } from 'pg';
import { createSecretBox } from '../platform/crypto';
import { loadTranslator } from '../platform/i18n';
import { projectRoot } from '../platform/project-root';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { asOwner, make, makeActive, openSession, unique, type Json } from '../test-kit/story';
import { warningCodes, warningsOf } from './warnings';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

type List = { items: Json[]; nextCursor: string | null };
let host = 0;
const address = () => `10.88.${Math.floor((host += 1) / 250)}.${(host % 250) + 1}`;
const router = (over: Json = {}): Json => ({
  name: unique('Tower'),
  address: address(),
  secret: 'rad-s3cret"+',
  ...over,
});

describe('routers', () => {
  it('are taken in with the contract’s defaults; secret and password never come back', async () => {
    const body = router({ api_username: 'lango', api_password: 'api-pass' });
    const made = await lango.api.post<Json>('/routers', body);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      address: body['address'],
      type: 'mikrotik',
      coa_port: 3799,
      coa_address: null,
      message_authenticator: 'auto',
      has_api_password: true,
    });
    const everything = JSON.stringify([
      made.body,
      (await lango.api.get('/routers?limit=200')).body,
      (await lango.api.get(`/routers/${made.body['id']}`)).body,
    ]);
    expect(everything).not.toContain('rad-s3cret');
    expect(everything).not.toContain('api-pass');
    const [row] = await asOwner(lango.db, 'SELECT secret, api_password_enc, tenant_id FROM nas WHERE id = $1', [
      made.body['id'],
    ]);
    expect(row!['secret']).toBe('rad-s3cret"+');
    expect(row!['api_password_enc'].toString('latin1')).not.toContain('api-pass');
    expect(
      createSecretBox(lango.db.masterKey).open('nas.api_password', BigInt(row!['tenant_id']), row!['api_password_enc']),
    ).toBe('api-pass');
    expect(
      JSON.stringify(await asOwner(lango.db, `SELECT detail FROM audit_event WHERE subject_type = 'nas'`)),
    ).not.toMatch(/s3cret|api-pass/);
  });

  it.each<[string, Json, string]>([
    ['no name', { name: '' }, 'name'],
    ['a host name', { address: 'router.example' }, 'address'],
    ['a network', { address: '10.0.0.0/24' }, 'address'],
    ['an address out of range', { address: '10.0.0.256' }, 'address'],
    ['nobody’s address', { address: '0.0.0.0' }, 'address'],
    ['a multicast address', { address: '239.1.1.1' }, 'address'],
    ['a link-local address', { address: 'fe80::1' }, 'address'],
    ['an IPv4 address as IPv6', { address: '::ffff:10.20.30.40' }, 'address'],
    ['the same at length', { address: '0:0:0:0:0:FFFF:0a14:1e28' }, 'address'],
    ['nobody’s address at length', { address: '0:0:0:0:0:0:0:0' }, 'address'],
    ['no secret', { secret: '' }, 'secret'],
    ['a secret of 61', { secret: 'x'.repeat(61) }, 'secret'],
    ['a secret with a blank', { secret: 'two words' }, 'secret'],
    ['a port of 0', { coa_port: 0 }, 'coa_port'],
    ['a port of 65536', { coa_port: 65_536 }, 'coa_port'],
    ['an unknown type', { type: 'cisco' }, 'type'],
    ['an unknown policy', { message_authenticator: 'maybe' }, 'message_authenticator'],
  ])('with %s are refused, naming the field', async (_what, wrong, field) => {
    const refused = await lango.api.post<Json>('/routers', router(wrong));
    expect([refused.status, Object.keys(refused.body['error'].fields)]).toEqual([422, [field]]);
  });

  it('have one spelling of an IPv6 address', async () => {
    const made = await make(lango.api, '/routers', router({ address: '2001:0DB8:0000::0001' }));
    expect(made['address']).toBe('2001:db8::1');
    expect((await lango.api.post('/routers', router({ address: '2001:db8:0:0:0:0:0:1' }))).status).toBe(409);
  });

  it('own their address alone on the whole installation, and nobody learns whose it is', async () => {
    const other = await lango.addCompany('Very Secret Networks');
    const theirs = await make(other.api, '/routers', router({ name: 'Hidden Hill' }));
    const clash = await lango.api.post<Json>('/routers', router({ address: theirs['address'] }));
    expect([clash.status, clash.body['error'].code, Object.keys(clash.body['error'].fields)]).toEqual([
      409,
      'address_taken',
      ['address'],
    ]);
    expect(JSON.stringify(clash.body)).not.toMatch(/Secret|Hidden/);
    expect(clash.body['error'].message).toContain('address of its own');
    const mine = await make(lango.api, '/routers', router({ name: 'Hidden Hill' }));
    expect((await lango.api.patch(`/routers/${mine['id']}`, { address: theirs['address'] })).status).toBe(409);
    const twin = await lango.api.post<Json>('/routers', router({ name: 'Hidden Hill' }));
    expect([twin.status, twin.body['error'].code]).toEqual([409, 'name_taken']);
    for (const answer of [
      await lango.api.get(`/routers/${theirs['id']}`),
      await lango.api.patch(`/routers/${theirs['id']}`, { secret: 'mine-now' }),
      await lango.api.delete(`/routers/${theirs['id']}`),
    ]) {
      expect(answer.status).toBe(404);
    }
    expect((await other.api.get<Json>(`/routers/${theirs['id']}`)).body).toEqual(theirs);
  });

  it('changed or deleted, tell FreeRADIUS and the listener at once', async () => {
    const listener = new Client({ connectionString: lango.db.ownerUrl });
    await listener.connect();
    const heard: string[] = [];
    listener.on('notification', (message) => heard.push(message.payload ?? ''));
    await listener.query('LISTEN lango_nas');
    const made = await make(lango.api, '/routers', router());
    const moved = address();
    const changed = (
      await lango.api.patch<Json>(`/routers/${made['id']}`, {
        address: moved,
        secret: 'fresh',
        coa_address: '10.1.1.1',
        name: unique('New'),
      })
    ).body;
    expect(changed).toMatchObject({ address: moved, coa_address: '10.1.1.1', version: 2 });
    expect(
      (await lango.api.patch<Json>(`/routers/${made['id']}`, { coa_address: null, version: 2 })).body,
    ).toMatchObject({ coa_address: null });
    expect((await lango.api.patch(`/routers/${made['id']}`, { coa_port: 1700, version: 2 })).status).toBe(409);
    expect((await lango.api.delete(`/routers/${made['id']}`)).status).toBe(204);
    expect((await lango.api.get(`/routers/${made['id']}`)).status).toBe(404);
    await listener.query('SELECT 1');
    expect(heard).toEqual(expect.arrayContaining([made['address'], moved]));
    expect(heard.at(-1)).toBe(moved);
    await listener.end();
  });

  it('deleted, leave their sessions and usage in the books', async () => {
    const made = await make(lango.api, '/routers', router());
    const sub = await makeActive(lango.api);
    const session = await openSession(lango.db, sub['id'], { nas_id: made['id'] });
    expect((await lango.api.get<Json>(`/routers/${made['id']}`)).body).toMatchObject({ live_sessions: 1 });
    await lango.api.delete(`/routers/${made['id']}`);
    expect((await lango.api.get<Json>(`/sessions/${session}`)).body).toMatchObject({
      router_id: made['id'],
      router_name: null,
      stopped_at: null,
    });
  });

  it('are found by name and address, page by page', async () => {
    const word = unique('Ridge');
    const all: Json[] = [];
    for (const n of [1, 2, 3]) all.unshift(await make(lango.api, '/routers', router({ name: `${word} ${n}` })));
    const first = (await lango.api.get<List>(`/routers?q=${word}&limit=2`)).body;
    const second = (await lango.api.get<List>(`/routers?q=${word}&limit=2&cursor=${first.nextCursor}`)).body;
    expect([...first.items, ...second.items].map((r) => r['id'])).toEqual(all.map((r) => r['id']));
    expect((await lango.api.get<List>(`/routers?q=${all[0]!['address']}`)).body.items).toHaveLength(1);
  });
});

describe('warnings', () => {
  it('tell of a router whose requests could be forged, on its page and in the API', async () => {
    const made = await make(lango.api, '/routers', router({ message_authenticator: 'off' }));
    expect(made['warnings']).toEqual([{ code: 'signature_off', sentence: expect.stringMatching(/BlastRADIUS/) }]);
    const auto = (await lango.api.patch<Json>(`/routers/${made['id']}`, { message_authenticator: 'auto' })).body;
    expect(auto['warnings']).toEqual([]);
    await lango.asOwner(`INSERT INTO nas_status (nas_id, tenant_id, last_access_at) VALUES ($1, $2, lango_now())`, [
      made['id'],
      lango.company.tenantId.toString(),
    ]);
    const unsigned = (await lango.api.get<Json>(`/routers/${made['id']}`)).body;
    expect(unsigned['warnings']).toMatchObject([{ code: 'never_signed' }]);
    await lango.asOwner(`UPDATE nas_status SET message_authenticator_seen_at = lango_now() WHERE nas_id = $1`, [
      made['id'],
    ]);
    expect((await lango.api.get<Json>(`/routers/${made['id']}`)).body['warnings']).toEqual([]);
    const required = (await lango.api.patch<Json>(`/routers/${made['id']}`, { message_authenticator: 'require' })).body;
    expect(required['warnings']).toEqual([]);
  });

  it('have the sentences of the console', () => {
    const words = loadTranslator({ root: join(projectRoot(), 'control-plane'), strict: true });
    const all = [
      ...warningsOf({
        message_authenticator: 'off',
        byCertificate: false,
        heard: true,
        signed: false,
        ordersShared: true,
      }),
      ...warningsOf({
        message_authenticator: 'auto',
        byCertificate: false,
        heard: true,
        signed: false,
        ordersShared: false,
      }),
    ];
    expect(new Set(all.map(({ code }) => code))).toEqual(new Set(warningCodes));
    for (const { code, sentence } of all) {
      expect(words('en', `routers.warning_${code}`)).toBe(sentence);
      expect(words('sw', `routers.warning_${code}`)).not.toBe(sentence);
    }
    expect(
      warningsOf({
        message_authenticator: 'off',
        byCertificate: true,
        heard: true,
        signed: false,
        ordersShared: false,
      }),
    ).toEqual([]);
  });
});
