import { X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSql } from '../test-kit/sql';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, type Json } from '../test-kit/story';
import { ensureServerCertificates, SERVER_NAME } from '.';

let lango: TestLango;
const certificates = (now?: Date) => ensureServerCertificates(lango.db.ownerUrl, lango.db.masterKey, now);
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(async () => {
  await lango.stop();
});

test('before the first start there is no authority, and the API says what to do', async () => {
  const subscription = await makeActive(lango.api);
  const answer = await lango.api.post<Json>('/certificates', { subscription_id: subscription.id, name: 'phone' });
  expect(answer).toMatchObject({ status: 409, body: { error: { code: 'no_authority' } } });
  expect((await lango.api.get('/certificates/authority')).status).toBe(404);
});

describe('the server’s certificate', () => {
  test('is the same for hosts that start at once, signed by the authority, for the name that devices expect', async () => {
    const [one, two, three] = await Promise.all([certificates(), certificates(), certificates()]);
    expect(two).toEqual(one);
    expect(three).toEqual(one);
    const server = new X509Certificate(one.serverPem);
    expect(server.verify(new X509Certificate(one.authorityPem).publicKey)).toBe(true);
    expect(server.checkHost(SERVER_NAME)).toBe(SERVER_NAME);
    // Apple's limit.
    expect(Date.parse(server.validTo) - Date.parse(server.validFrom)).toBeLessThanOrEqual(825 * 86_400_000);
  });

  test('is renewed in its last 90 days under the same authority, so that devices need nothing new', async () => {
    const before = await certificates();
    const end = Date.parse(new X509Certificate(before.serverPem).validTo);
    expect((await certificates(new Date(end - 91 * 86_400_000))).serverPem).toBe(before.serverPem);
    const after = await certificates(new Date(end - 89 * 86_400_000));
    expect(after.serverPem).not.toBe(before.serverPem);
    expect(after.authorityPem).toBe(before.authorityPem);
  });

  test('and the authority have keys that only the master key opens, and only the owner reads the server’s', async () => {
    await expect(ensureServerCertificates(lango.db.ownerUrl, Buffer.alloc(32, 9))).rejects.toThrow(/another key/);
    const rows = await lango.asOwner<{ key_enc: Buffer }>('SELECT key_enc FROM certificate_authority');
    for (const { key_enc } of rows) expect(key_enc.toString('latin1')).not.toContain('PRIVATE KEY');
    await expect(runSql(lango.db.urls.web, 'SELECT key_enc FROM certificate_authority')).rejects.toThrow(
      /permission denied/,
    );
  });
});

describe('a device’s certificate', () => {
  test('is handed over once with its key, as PEM and PKCS#12 that openssl opens', async () => {
    await certificates();
    const subscription = await makeActive(lango.api);
    const made = await lango.api.post<Json>('/certificates', {
      subscription_id: subscription.id,
      name: 'Neema’s phone',
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        username: subscription.username,
        name: 'Neema’s phone',
        revoked_at: null,
        subscription_id: subscription.id,
      },
    });
    const { body } = made;
    const certificate = new X509Certificate(body.certificate_pem);
    expect(certificate.subject).toContain(`CN=${subscription.username}`);
    expect(certificate.verify(new X509Certificate(body.authority_pem).publicKey)).toBe(true);
    const dir = mkdtempSync(join(tmpdir(), 'lango-p12-'));
    try {
      writeFileSync(join(dir, 'device.p12'), Buffer.from(body.pkcs12_base64, 'base64'));
      const words = [
        'pkcs12',
        '-legacy',
        '-in',
        join(dir, 'device.p12'),
        '-passin',
        `pass:${body.pkcs12_password}`,
        '-nodes',
      ];
      const opened = execFileSync('openssl', words, { encoding: 'utf8', stdio: 'pipe' });
      expect(opened.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
      expect(opened).toContain('BEGIN PRIVATE KEY');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
    const shown = await lango.api.get<Json>(`/certificates/${body.id}`);
    expect(Object.keys(shown.body).sort()).toEqual(
      ['id', 'issued_at', 'name', 'not_after', 'revoked_at', 'serial', 'subscription_id', 'username'].sort(),
    );
    const everything = JSON.stringify(await lango.asOwner('SELECT * FROM certificate, audit_event'));
    expect(everything).not.toContain('PRIVATE KEY');
  });

  test('has its key kept nowhere, also when the request came with an Idempotency-Key', async () => {
    const subscription = await makeActive(lango.api);
    const input = { subscription_id: subscription.id, name: 'once' };
    const ask = () => lango.api.post<Json>('/certificates', input, { 'Idempotency-Key': 'certificate-once' });
    expect((await ask()).status).toBe(201);
    expect(await ask()).toMatchObject({ status: 409, body: { error: { code: 'told_once' } } });
    expect(JSON.stringify(await lango.asOwner('SELECT * FROM platform_idempotency'))).not.toContain('PRIVATE KEY');
    const listed = await lango.api.get<Json>(`/certificates?subscription_id=${subscription.id}`);
    expect(listed.body.items).toHaveLength(1);
  });

  test('is listed by subscription and by name, and revoked once; both are written down', async () => {
    const subscription = await makeActive(lango.api);
    const input = { subscription_id: subscription.id, name: 'laptop', days: 30 };
    const { body: made } = await lango.api.post<Json>('/certificates', input);
    const listed = await lango.api.get<Json>(`/certificates?subscription_id=${subscription.id}&q=lap`);
    expect(listed.body.items).toMatchObject([{ id: made.id, serial: made.serial, revoked_at: null }]);
    expect((await lango.api.delete(`/certificates/${made.id}`)).status).toBe(204);
    expect((await lango.api.delete(`/certificates/${made.id}`)).status).toBe(204);
    const shown = await lango.api.get<Json>(`/certificates/${made.id}`);
    expect(shown.body.revoked_at).not.toBeNull();
    const events = await lango.asOwner<{ action: string }>(
      `SELECT action FROM audit_event WHERE subject_type = 'certificate' AND subject_id = $1 ORDER BY id`,
      [made.id],
    );
    expect(events.map(({ action }) => action)).toEqual(['certificates.issue', 'certificates.revoke']);
  });

  test('is not issued to another company’s subscription, nor to one that has ended, and is not seen by others', async () => {
    const subscription = await makeActive(lango.api);
    const { body: made } = await lango.api.post<Json>('/certificates', {
      subscription_id: subscription.id,
      name: 'tv',
    });
    const others = await lango.addCompany();
    const foreign = await others.api.post<Json>('/certificates', { subscription_id: subscription.id, name: 'tv' });
    expect(foreign).toMatchObject({
      status: 422,
      body: { error: { fields: { subscription_id: expect.any(String) } } },
    });
    expect((await others.api.get(`/certificates/${made.id}`)).status).toBe(404);
    expect((await others.api.delete(`/certificates/${made.id}`)).status).toBe(404);
    await lango.asOwner(`UPDATE subscription SET status = 'ended' WHERE id = $1`, [subscription.id]);
    const late = await lango.api.post<Json>('/certificates', { subscription_id: subscription.id, name: 'tv 2' });
    expect(late).toMatchObject({ status: 409, body: { error: { code: 'subscription_ended' } } });
  });
});
