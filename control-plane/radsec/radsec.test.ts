import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { pki } from 'node-forge';
import { createSecretBox } from '../platform/crypto';
import { issueCertificate, makeAuthority } from '../platform/x509';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeRouter, unique, type Json } from '../test-kit/story';
import { AUTHORITY_KEY, ensureAuthority, NO_COMPANY } from './authority';

let lango: TestLango;
const run = async (sql: string, values: unknown[]) => ({ rows: await lango.asOwner(sql, values) });
const secrets = () => createSecretBox(lango.db.masterKey);

beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

describe('the authority', () => {
  it('is wanted before anything is issued', async () => {
    const router = await makeRouter(lango.api);
    const refused = await lango.api.post<Json>(`/routers/${router['id']}/certificate`, {});
    expect([refused.status, refused.body['error'].code]).toEqual([409, 'no_authority']);
    expect((await lango.api.get('/radsec/server')).status).toBe(409);
  });

  it('is made once by several starts at once, its keys sealed', async () => {
    await Promise.all([1, 2, 3].map(() => ensureAuthority(run, secrets(), ['gate.example', '192.0.2.1'])));
    const rows = await lango.asOwner<{ kind: string; certificate_pem: string; key_enc: Buffer }>(
      'SELECT kind, certificate_pem, key_enc FROM radsec_authority WHERE retired_at IS NULL ORDER BY kind',
    );
    expect(rows.map((row) => row.kind)).toEqual(['ca', 'server']);
    const [ca, server] = rows.map((row) => new X509Certificate(row.certificate_pem));
    expect(server!.verify(ca!.publicKey)).toBe(true);
    for (const row of rows) {
      expect(row.key_enc.toString('latin1')).not.toContain('PRIVATE KEY');
      const key = createPrivateKey(secrets().open(AUTHORITY_KEY, NO_COMPANY, row.key_enc));
      expect(new X509Certificate(row.certificate_pem).checkPrivateKey(key)).toBe(true);
    }
  });

  it('renews the certificate of the port in its last year, with the names that it had', async () => {
    const before = (await lango.api.get<Json>('/radsec/server')).body;
    await ensureAuthority(run, secrets(), ['other.example']);
    expect((await lango.api.get<Json>('/radsec/server')).body).toEqual(before);
    await lango.asOwner(`UPDATE radsec_authority SET not_after = now() + interval '364 days' WHERE kind = 'server'`);
    await ensureAuthority(run, secrets(), ['other.example']);
    const after = (await lango.api.get<Json>('/radsec/server')).body;
    expect(after['certificate_pem']).not.toBe(before['certificate_pem']);
    expect([after['ca_pem'], after['names']]).toEqual([before['ca_pem'], ['gate.example', '192.0.2.1']]);
  });

  it('is the super admin’s alone: nobody of a company changes the certificate that all use', async () => {
    expect((await lango.api.post('/radsec/server/renew', { names: ['evil.example'] })).status).toBe(403);
    const other = await lango.addCompany();
    await lango.setRole(other, 'super_admin');
    const renewed = await other.api.post<Json>('/radsec/server/renew', { names: ['radsec.example', '2001:db8::5'] });
    expect(renewed.status).toBe(200);
    expect(new X509Certificate(renewed.body['certificate_pem']).checkIP('2001:db8::5')).toBeDefined();

    const from = new Date();
    const to = new Date(Date.now() + 40 * 86_400_000);
    const theirs = await makeAuthority('Somebody else', from, to);
    const signer = { certificatePem: theirs.certificatePem, keyPem: theirs.keyPem! };
    const leaf = await issueCertificate(signer, {
      commonName: 'x',
      purpose: 'server',
      names: ['x.example'],
      notBefore: from,
      notAfter: to,
    });
    const refusals: [string, object][] = [
      ['certificate_pem', { certificate_pem: 'hello', key_pem: leaf.keyPem }],
      ['key_pem', { certificate_pem: leaf.certificatePem, key_pem: theirs.keyPem }],
      ['key_pem', { certificate_pem: leaf.certificatePem, key_pem: 'hello' }],
    ];
    for (const [field, body] of refusals) {
      const refused = await other.api.put<Json>('/radsec/server', body);
      expect([refused.status, Object.keys(refused.body['error'].fields)]).toEqual([422, [field]]);
    }
    const put = await other.api.put<Json>('/radsec/server', {
      certificate_pem: leaf.certificatePem + theirs.certificatePem,
      key_pem: leaf.keyPem,
    });
    expect(put.body).toMatchObject({ ours: false, names: ['x.example'] });
    // Of another authority's certificate the start keeps its hands.
    await ensureAuthority(run, secrets(), ['gate.example']);
    expect((await lango.api.get<Json>('/radsec/server')).body).toMatchObject({ ours: false });
  });
});

describe('a certificate', () => {
  it('is issued to a router, its key told once and kept nowhere, and stands in the audit', async () => {
    const router = await makeRouter(lango.api, { name: 'Mnara 7' });
    const issued = await make(lango.api, `/routers/${router['id']}/certificate`, { days: 90 });
    const certificate = new X509Certificate(issued['certificate_pem']);
    expect(certificate.subject).toContain('CN=Mnara 7');
    expect(certificate.checkPrivateKey(createPrivateKey(issued['key_pem']))).toBe(true);
    expect(certificate.verify(new X509Certificate(issued['ca_pem']).publicKey)).toBe(true);
    expect(Math.round((Date.parse(certificate.validTo) - Date.now()) / 86_400_000)).toBe(90);
    expect(Buffer.from(issued['pkcs12'], 'base64').length).toBeGreaterThan(1000);
    const list = (await lango.api.get<Json>(`/routers/${router['id']}/certificates`)).body;
    expect(list['items']).toMatchObject([
      { id: issued['id'], serial: certificate.serialNumber, state: 'valid', connection: null },
    ]);
    expect(JSON.stringify(list)).not.toMatch(/PRIVATE|pkcs12/);
    const kept = await lango.asOwner(
      `SELECT c::text AS row FROM radsec_certificate c UNION ALL SELECT detail::text FROM audit_event UNION ALL SELECT body::text FROM platform_idempotency`,
    );
    expect(JSON.stringify(kept)).not.toContain('PRIVATE KEY');
    const [audited] = await lango.asOwner<{ detail: Json }>(
      `SELECT detail FROM audit_event WHERE action = 'radsec.issue' AND subject_id = $1`,
      [router['id']],
    );
    expect(audited!.detail).toMatchObject({ serial: certificate.serialNumber });
  });

  it('of a request with an Idempotency-Key is made once, and a repeat does not get the key', async () => {
    const router = await makeRouter(lango.api);
    const ask = () =>
      fetch(`${lango.baseUrl}/api/routers/${router['id']}/certificate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': 'once-7' },
        body: '{}',
      });
    const { token } = (await (
      await fetch(`${lango.baseUrl}/api/auth/login`, {
        method: 'POST',
        body: JSON.stringify({ email: lango.company.email, password: lango.company.password }),
      })
    ).json()) as { token: string };
    expect((await ask()).status).toBe(201);
    const again = await ask();
    const text = await again.text();
    expect([again.status, text.includes('told_once'), text.includes('PRIVATE')]).toEqual([409, true, false]);
    const { items } = (await lango.api.get<{ items: Json[] }>(`/routers/${router['id']}/certificates`)).body;
    expect(items).toHaveLength(1);
    const kept = await lango.asOwner('SELECT body::text FROM platform_idempotency');
    expect(JSON.stringify(kept)).not.toContain('PRIVATE KEY');
  });

  it('may be of a key that the router made', async () => {
    const router = await makeRouter(lango.api);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const csr = pki.createCertificationRequest();
    csr.publicKey = pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }) as string);
    csr.setSubject([{ name: 'commonName', value: 'router' }]);
    csr.sign(pki.privateKeyFromPem(privateKey.export({ type: 'pkcs1', format: 'pem' }) as string));
    const issued = await make(lango.api, `/routers/${router['id']}/certificate`, {
      csr: pki.certificationRequestToPem(csr),
    });
    expect(issued).toMatchObject({ key_pem: null, pkcs12: null, key_is_theirs: true });
    expect(new X509Certificate(issued['certificate_pem']).checkPrivateKey(privateKey)).toBe(true);
    const refused = await lango.api.post<Json>(`/routers/${router['id']}/certificate`, { csr: 'hello' });
    expect([refused.status, Object.keys(refused.body['error'].fields)]).toEqual([422, ['csr']]);
  });

  it('gives its router one loopback address for good, which FreeRADIUS and the listener are told', async () => {
    const router = await makeRouter(lango.api);
    const address = async () =>
      (
        await lango.asOwner<{ a: string; secret: string }>(
          'SELECT host(address) AS a, secret FROM radsec_router WHERE nas_id = $1',
          [router['id']],
        )
      )[0]!;
    await make(lango.api, `/routers/${router['id']}/certificate`, {});
    const first = await address();
    expect(first.a).toMatch(/^127\.(12[89]|1[3-8]\d|19[01])\.\d+\.([1-9]\d*)$/);
    await make(lango.api, `/routers/${router['id']}/certificate`, {});
    expect(await address()).toEqual(first);
    for (const table of ['aaa_routers()', 'aaa_nas_table()']) {
      const rows = await lango.asOwner<{ address: string; secret: string }>(
        `SELECT host(address::inet) AS address, secret FROM ${table} WHERE id::text = $1`,
        [router['id']],
      );
      expect(new Set(rows.map((row) => row.address))).toEqual(new Set([router['address'], first.a]));
      expect(rows.find((row) => row.address === first.a)?.secret).toBe(first.secret);
    }
  });

  it('is one of five at most, until some are revoked; a revoked one stays in the list with its reason', async () => {
    const router = await makeRouter(lango.api);
    const path = `/routers/${router['id']}/certificate`;
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push((await make(lango.api, path, {}))['id'] as string);
    const refused = await lango.api.post<Json>(path, {});
    expect([refused.status, refused.body['error'].code]).toEqual([409, 'too_many_certificates']);
    const revoked = await lango.api.post<Json>(`/radsec/certificates/${ids[0]}/revoke`, { reason: 'stolen' });
    expect([revoked.status, revoked.body]).toMatchObject([200, { state: 'revoked', revoked_reason: 'stolen' }]);
    // Again changes nothing.
    const again = await lango.api.post<Json>(`/radsec/certificates/${ids[0]}/revoke`, { reason: 'other' });
    expect(again.body).toEqual(revoked.body);
    expect((await lango.api.post(path, {})).status).toBe(201);
  });

  it('of another company is not to be seen, revoked or added to', async () => {
    const router = await makeRouter(lango.api);
    const issued = await make(lango.api, `/routers/${router['id']}/certificate`, {});
    const other = await lango.addCompany();
    expect((await other.api.post(`/routers/${router['id']}/certificate`, {})).status).toBe(404);
    expect((await other.api.post(`/radsec/certificates/${issued['id']}/revoke`, {})).status).toBe(404);
    expect((await other.api.get(`/radsec/certificates/${issued['id']}`)).status).toBe(404);
    expect((await other.api.get(`/routers/${router['id']}/certificates`)).status).toBe(404);
    expect((await other.api.get<Json>('/radsec/certificates')).body['items']).toEqual([]);
  });
});

describe('a router that is known by its certificate alone', () => {
  it('has no address and secret to be given, and one entry like any other', async () => {
    const router = await make(lango.api, '/routers', { name: unique('Behind NAT'), radsec: true });
    expect(router['address']).toMatch(/^127\.(12[89]|1[3-8]\d|19[01])\./);
    expect(await lango.asOwner('SELECT FROM aaa_routers() WHERE id = $1', [router['id']])).toHaveLength(0);
    await make(lango.api, `/routers/${router['id']}/certificate`, {});
    for (const table of ['aaa_routers()', 'aaa_nas_table()']) {
      const rows = await lango.asOwner<{ address: string }>(
        `SELECT host(address::inet) AS address FROM ${table} WHERE id::text = $1`,
        [router['id']],
      );
      expect(rows).toEqual([{ address: router['address'] }]);
    }
    for (const body of [
      { radsec: true, address: '10.1.2.3' },
      { radsec: true, secret: 'x' },
      { address: '10.1.2.3' },
      { secret: 'x' },
      { address: '127.130.0.7', secret: 'x' },
    ])
      expect((await lango.api.post('/routers', { name: unique('R'), ...body })).status).toBe(422);
  });
});
