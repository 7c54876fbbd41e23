import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One sign-in with 802.1X by wpa_supplicant's own code (Debian's eapol_test), which checks the server's certificate and the keys that the router gets. */
export interface EapolInput {
  method: 'peap-mschapv2' | 'ttls-pap' | 'ttls-mschapv2' | 'ttls-chap' | 'tls';
  authPort: number;
  /** The router that asks. */
  from: string;
  secret: string;
  /** Inside the tunnel; with `tls` the name outside. */
  identity: string;
  password?: string;
  /** Outside the tunnel: `anonymous` unless said otherwise. */
  outside?: string;
  /** PEM of the authority that the device trusts. */
  ca: string;
  /** With `tls`: PEM. */
  certificate?: string;
  key?: string;
  /** Of the device: Calling-Station-Id. */
  mac?: string;
  /** How often it signs in again at once, resuming the TLS session where the server allows. */
  again?: number;
  /** Further lines of the device's network block. */
  extra?: readonly string[];
  /** Further attributes of the router's request, as eapol_test takes them: `number:syntax:value`. */
  attributes?: readonly string[];
}

export interface EapolOutcome {
  kind: 'success' | 'failure';
  /** Whether the keys in each Access-Accept were those that the device made. */
  keys: 'right' | 'wrong';
  /** Attributes of the last answer: value in hex by number, the first of each. */
  reply: Map<number, string>;
  /** Codes of all answers, in order: 2 accept, 3 reject, 11 challenge. */
  codes: number[];
  output: string;
}

/** Signs in once. A device that gets no answer fails after `timeout_s`. */
export async function eapolTest(o: EapolInput, timeout_s = 8): Promise<EapolOutcome> {
  const dir = mkdtempSync(join(tmpdir(), 'lango-eapol-'));
  try {
    writeFileSync(join(dir, 'ca.pem'), o.ca);
    if (o.certificate) writeFileSync(join(dir, 'client.pem'), o.certificate);
    if (o.key) writeFileSync(join(dir, 'client.key'), o.key);
    writeFileSync(join(dir, 'network.conf'), networkBlock(o, dir));
    const words = ['-c', join(dir, 'network.conf'), '-a', '127.0.0.1', '-p', String(o.authPort), '-s', o.secret];
    words.push('-A', o.from, '-M', o.mac ?? '02:00:00:00:00:01', '-t', String(timeout_s), '-r', String(o.again ?? 0));
    // Service-Type Framed and a wireless port, as RouterOS says them.
    for (const attribute of ['6:d:2', '61:d:19', ...(o.attributes ?? [])]) words.push('-N', attribute);
    const output = await run(words, (timeout_s + 10) * 1000);
    return read(output);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function networkBlock(o: EapolInput, dir: string): string {
  const inner = {
    'peap-mschapv2': 'MSCHAPV2',
    'ttls-pap': 'PAP',
    'ttls-mschapv2': 'MSCHAPV2',
    'ttls-chap': 'CHAP',
    tls: '',
  };
  const lines = [
    'key_mgmt=WPA-EAP',
    `eap=${o.method === 'tls' ? 'TLS' : o.method === 'peap-mschapv2' ? 'PEAP' : 'TTLS'}`,
    `identity=${hexed(o.identity)}`,
    `ca_cert="${join(dir, 'ca.pem')}"`,
  ];
  if (o.method === 'tls')
    lines.push(`client_cert="${join(dir, 'client.pem')}"`, `private_key="${join(dir, 'client.key')}"`);
  else
    lines.push(
      `anonymous_identity=${hexed(o.outside ?? 'anonymous')}`,
      `password=${quoted(o.password ?? 'sesame')}`,
      `phase2="auth=${inner[o.method]}"`,
    );
  return `network={\n  ${[...lines, ...(o.extra ?? [])].join('\n  ')}\n}\n`;
}

/** The supplicant takes any bytes as hex, but reads a password of hex as a hash where it can: hence quotes there. */
const hexed = (text: string): string => Buffer.from(text).toString('hex');
const quoted = (text: string): string => `"${text}"`;

function run(words: string[], timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('eapol_test', words, { encoding: 'utf8', timeout, maxBuffer: 32 << 20 }, (error, stdout, stderr) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT')
        reject(new Error('eapol_test is not installed; npm test installs it (package eapoltest).'));
      else resolve(stdout + stderr);
    });
  });
}

function read(output: string): EapolOutcome {
  const codes = [...output.matchAll(/^Received RADIUS message\nRADIUS message: code=(\d+)/gm)].map(([, code]) =>
    Number(code),
  );
  const last = output.slice(output.lastIndexOf('Received RADIUS message'));
  const reply = new Map<number, string>();
  for (const [, number, hex] of last.matchAll(/ {3}Attribute (\d+) \([^)]*\) length=\d+\n {6}Value: (.*)/g)) {
    if (!reply.has(Number(number))) reply.set(Number(number), hex ?? '');
  }
  const keys = /MPPE keys OK: ([1-9]\d*) {2}mismatch: 0/.test(output) ? 'right' : 'wrong';
  return { kind: /\nSUCCESS\s*$/.test(output) ? 'success' : 'failure', keys, reply, codes, output };
}

/** An authority of a test's own, made by openssl and not by the code under test. */
export class OpensslAuthority {
  private readonly dir = mkdtempSync(join(tmpdir(), 'lango-ca-'));
  private serial = 0x10000000;
  /** PEM. */
  readonly certificate: string;

  constructor(name = 'Test authority') {
    this.openssl(
      'req',
      '-x509',
      ...ecKey,
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '30',
      '-subj',
      `/CN=${name}`,
    );
    this.certificate = this.read('ca.pem');
  }

  /** Signs a certificate for this name: a server's or a client's, from and to so many days from now. */
  issue(o: { name: string; use: 'serverAuth' | 'clientAuth'; days?: number | undefined }): {
    certificate: string;
    key: string;
    serial: string;
  } {
    const serial = (this.serial += 1).toString(16);
    writeFileSync(
      join(this.dir, 'use.cnf'),
      `extendedKeyUsage=${o.use}\nsubjectAltName=DNS:${o.name.replaceAll(/[^a-z0-9.-]/gi, '-')}\n`,
    );
    this.openssl('req', ...ecKey, '-new', '-nodes', '-keyout', 'one.key', '-out', 'one.csr', '-subj', `/CN=${o.name}`);
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', `0x${serial}`, '-extfile', 'use.cnf'];
    this.openssl('x509', '-req', '-in', 'one.csr', '-out', 'one.pem', ...signing, '-days', String(o.days ?? 7));
    return { certificate: this.read('one.pem'), key: this.read('one.key'), serial };
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  private openssl(...words: string[]): void {
    execFileSync('openssl', words, { cwd: this.dir, stdio: 'pipe' });
  }

  private read(name: string): string {
    return readFileSync(join(this.dir, name), 'utf8');
  }
}

const ecKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
