import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../platform/config';
import { OpensslAuthority } from '../test-kit/eapol';
import { certificateFinding } from './eap-certificates';

// What doctor says of the certificate that FreeRADIUS was given.

const dataDir = mkdtempSync(join(tmpdir(), 'lango-doctor-'));
const config = loadConfig({ LANGO_DATA: dataDir });
const authority = new OpensslAuthority();
afterAll(() => {
  authority.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

function serve(folder: string, days: number): void {
  mkdirSync(join(folder, 'eap'), { recursive: true });
  const { certificate } = authority.issue({ name: 'radius.test', use: 'serverAuth', days });
  writeFileSync(join(folder, 'eap', 'server.pem'), certificate + authority.certificate);
}
const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);

test('before the first start there is nothing to warn of', () => {
  expect(certificateFinding(config)).toEqual({ good: true, says: 'made at the first start' });
});

test('it warns in the last 30 days and after the end, with the remedy that fits: a restart, or a new pair of the operator’s own', () => {
  serve(join(dataDir, 'freeradius'), 200);
  expect(certificateFinding(config)).toMatchObject({ good: true, says: expect.stringContaining('certs/ca.pem') });
  expect(certificateFinding(config, inDays(171))).toMatchObject({
    good: false,
    says: expect.stringMatching(/ends on .* in 2[89] days\. Restart Lango: it makes a new one\./),
  });
  expect(certificateFinding(config, inDays(201))).toMatchObject({
    good: false,
    says: expect.stringContaining('devices refuse it'),
  });
  mkdirSync(join(dataDir, 'certs'));
  writeFileSync(join(dataDir, 'certs', 'server.pem'), 'the operator’s own');
  expect(certificateFinding(config, inDays(171)).says).toMatch(/Put a new one into .*server\.pem/);
});

test('it looks where FreeRADIUS’ folder stands when that is elsewhere', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'lango-elsewhere-'));
  try {
    serve(elsewhere, 5);
    writeFileSync(join(dataDir, 'freeradius', 'is-at'), `${elsewhere}\n`);
    expect(certificateFinding(config)).toMatchObject({ good: false, says: expect.stringMatching(/in [45] days/) });
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
});
