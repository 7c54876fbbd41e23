import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eapolTest, OpensslAuthority, type EapolInput, type EapolOutcome } from '../test-kit/eapol';
import { make, makeActive, type Json } from '../test-kit/story';
import { startWhole, type KnownRouter, type Whole } from '../test-kit/whole';
import { startProgram } from '../test-kit/program';

// 802.1X as `lango start` brings it up: with an authority of its own, certificates through the API, and an operator's own server certificate.

jest.setTimeout(120_000);

let lango: Whole;
let router: KnownRouter;
beforeAll(async () => {
  lango = await startWhole();
  router = await lango.addRouter();
}, 120_000);
afterAll(async () => {
  await lango?.stop();
}, 60_000);

const trusted = (): string => readFileSync(join(lango.dataDir, 'certs', 'ca.pem'), 'utf8');

function signIn(
  o: Pick<EapolInput, 'method' | 'identity'> & Partial<EapolInput>,
  authPort = lango.authPort,
): Promise<EapolOutcome> {
  const to = { authPort, from: router.device.address, secret: router.secret, ca: trusted() };
  return eapolTest({ ...to, ...o });
}

test('a phone that trusts certs/ca.pem signs in with its password, expecting the server’s name', async () => {
  const sold = await makeActive(lango.api, {}, { password: 'Sesame 802' });
  const phone = {
    method: 'peap-mschapv2',
    identity: String(sold['username']),
    extra: ['domain_match="radius.lango.internal"'],
  } as const;
  expect(await signIn({ ...phone, password: 'Sesame 802' })).toMatchObject({ kind: 'success', keys: 'right' });
  expect(await signIn({ ...phone, password: 'Sesame 803' })).toMatchObject({ kind: 'failure' });
  const { body } = await lango.api.get<Json>('/certificates/authority');
  expect(body['certificate_pem']).toBe(trusted());
});

test('a laptop signs in with the certificate that the API issued, until it is revoked or its subscription suspended', async () => {
  const sold = await makeActive(lango.api);
  const issued = await make(lango.api, '/certificates', { subscription_id: sold['id'], name: 'laptop' });
  const laptop = {
    method: 'tls',
    identity: String(sold['username']),
    certificate: String(issued['certificate_pem']),
    key: String(issued['key_pem']),
  } as const;
  expect(await signIn(laptop)).toMatchObject({ kind: 'success', keys: 'right' });
  await lango.api.post(`/subscriptions/${sold['id']}/suspend`, { reason: 'unpaid' });
  expect(await signIn(laptop)).toMatchObject({ kind: 'failure' });
  await lango.api.post(`/subscriptions/${sold['id']}/resume`);
  expect(await signIn(laptop)).toMatchObject({ kind: 'success' });
  expect((await lango.api.delete(`/certificates/${issued['id']}`)).status).toBe(204);
  expect(await signIn(laptop)).toMatchObject({ kind: 'failure' });
});

describe('an operator’s own server certificate', () => {
  const theirs = new OpensslAuthority('An ISP of its own');
  afterAll(() => theirs.remove());

  test('is shown instead of ours after a start; a broken one stops the start with what to do', async () => {
    const sold = await makeActive(lango.api, {}, { password: 'Sesame 802' });
    const settings = { DATABASE_URL: lango.db.ownerUrl, LANGO_MASTER_KEY: lango.db.masterKey.toString('base64') };
    const dataDir = join(lango.dataDir, 'second');
    mkdirSync(join(dataDir, 'certs'), { recursive: true });
    chmodSync(dataDir, 0o711);
    const server = theirs.issue({ name: 'wifi.isp.example', use: 'serverAuth' });
    writeFileSync(join(dataDir, 'certs', 'server.pem'), server.certificate);
    writeFileSync(join(dataDir, 'certs', 'server.key'), theirs.issue({ name: 'x', use: 'serverAuth' }).key);
    const broken = await startProgram(dataDir, settings);
    await expect(broken.ready()).rejects.toThrow(
      /server\.pem cannot be used for 802\.1X: the private key belongs to another certificate/,
    );
    await broken.end();

    writeFileSync(join(dataDir, 'certs', 'server.key'), server.key);
    const second = await startProgram(dataDir, settings);
    try {
      await second.ready();
      const phone = { method: 'ttls-pap', identity: String(sold['username']), password: 'Sesame 802' } as const;
      const seen = await signIn(
        { ...phone, ca: theirs.certificate, extra: ['domain_match="wifi.isp.example"'] },
        second.authPort,
      );
      expect(seen).toMatchObject({ kind: 'success', keys: 'right' });
      expect(await signIn(phone, second.authPort)).toMatchObject({ kind: 'failure' });
    } finally {
      await second.end();
    }
  });
});

test('what FreeRADIUS shows lasts two years, and doctor would say when it ends', () => {
  const server = new X509Certificate(readFileSync(join(lango.dataDir, 'freeradius', 'eap', 'server.pem')));
  expect(Date.parse(server.validTo) - Date.now()).toBeGreaterThan(700 * 86_400_000);
});
