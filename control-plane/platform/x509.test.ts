import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pki } from 'node-forge';
import {
  fingerprintOf,
  issueCertificate,
  makeAuthority,
  packPkcs12,
  requestFault,
  type IssuedCertificate,
} from './x509';

const from = new Date('2026-03-01T00:00:00Z');
const to = new Date('2030-03-01T00:00:00Z');
let authority: IssuedCertificate;
beforeAll(async () => {
  authority = await makeAuthority('Lango test authority', from, to);
});
const signer = () => ({ certificatePem: authority.certificatePem, keyPem: authority.keyPem! });

describe('certificates', () => {
  test('of a server name its hosts and addresses and are signed by the authority', async () => {
    const made = await issueCertificate(signer(), {
      commonName: 'gate.example',
      purpose: 'server',
      names: ['gate.example', '192.0.2.7', '2001:db8::7'],
      notBefore: from,
      notAfter: to,
    });
    const leaf = new X509Certificate(made.certificatePem);
    const root = new X509Certificate(authority.certificatePem);
    expect([root.ca, leaf.ca, leaf.checkIssued(root), leaf.verify(root.publicKey)]).toEqual([true, false, true, true]);
    expect([leaf.checkHost('gate.example'), leaf.checkIP('192.0.2.7'), leaf.checkIP('2001:db8::7')]).toEqual([
      'gate.example',
      '192.0.2.7',
      '2001:db8::7',
    ]);
    expect(leaf.checkHost('other.example')).toBeUndefined();
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.checkPrivateKey(createPrivateKey(made.keyPem!))).toBe(true);
    expect([made.serial, made.fingerprint]).toEqual([leaf.serialNumber, fingerprintOf(leaf.raw)]);
    expect(new Date(leaf.validTo)).toEqual(to);
    expect(new Date(leaf.validFrom).getTime()).toBeLessThan(from.getTime());
  });

  test('of a client may be made for a key that stays with its holder; the request’s own names are not believed', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const csr = pki.createCertificationRequest();
    csr.publicKey = pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }) as string);
    csr.setSubject([{ name: 'commonName', value: 'somebody else' }]);
    csr.sign(pki.privateKeyFromPem(privateKey.export({ type: 'pkcs1', format: 'pem' }) as string));
    const request = pki.certificationRequestToPem(csr);
    expect(requestFault(request)).toBeUndefined();
    const made = await issueCertificate(signer(), {
      commonName: 'Mnara 7 – Kilima',
      purpose: 'client',
      notBefore: from,
      notAfter: to,
      request,
    });
    const leaf = new X509Certificate(made.certificatePem);
    expect(made.keyPem).toBeUndefined();
    expect(leaf.checkPrivateKey(privateKey)).toBe(true);
    expect(leaf.subject).toContain('CN=Mnara 7 – Kilima');
    expect(leaf.subject).not.toContain('somebody');
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  test('are not made for what is no request, or has a weak key', () => {
    expect(requestFault('hello')).toMatch(/PKCS#10/);
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const csr = pki.createCertificationRequest();
    csr.publicKey = pki.publicKeyFromPem(weak.publicKey.export({ type: 'spki', format: 'pem' }) as string);
    csr.setSubject([{ name: 'commonName', value: 'x' }]);
    csr.sign(pki.privateKeyFromPem(weak.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string));
    expect(requestFault(pki.certificationRequestToPem(csr))).toMatch(/2048/);
  });

  test('and their key come in a PKCS#12 file that OpenSSL opens with the password alone', async () => {
    const made = await issueCertificate(signer(), {
      commonName: 'r1',
      purpose: 'client',
      notBefore: from,
      notAfter: to,
    });
    const leaf = { certificatePem: made.certificatePem, keyPem: made.keyPem! };
    const dir = mkdtempSync(join(tmpdir(), 'lango-p12-'));
    try {
      const file = join(dir, 'r1.p12');
      writeFileSync(file, packPkcs12(leaf, [authority.certificatePem], 'open-me-please', 'r1'));
      const read = (password: string) =>
        execFileSync('openssl', ['pkcs12', '-in', file, '-nodes', '-legacy', '-passin', `pass:${password}`], {
          encoding: 'utf8',
          stdio: 'pipe',
        });
      expect(read('open-me-please').match(/BEGIN (CERTIFICATE|PRIVATE KEY)/g)).toHaveLength(3);
      expect(() => read('guess')).toThrow();
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
