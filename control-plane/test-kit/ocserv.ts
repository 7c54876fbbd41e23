import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a real VPN server of Debian's, as a NAS that this project did not write, finds its RADIUS servers. */
export interface OcservOptions {
  authPort: number;
  acctPort: number;
  secret: string;
  /** Seconds between interim updates. */
  interim_s: number;
}

/** What ocserv itself says it counted, in its log line at the end of a session. */
export interface OcservCount {
  rx_bytes: number;
  tx_bytes: number;
}

/** A running pair of ocserv (in one network namespace) and a place for openconnect clients (in another). */
export interface OcservLab {
  /** The address that RADIUS packets come from: create the router with it. */
  nasAddress: string;
  /** The address in the root namespace that FreeRADIUS and the listener must be reachable at. */
  serverAddress: string;
  /** Dials in; resolves once the tunnel has its address, or with the words that the caller reads when the login is refused. */
  connect(username: string, password: string): Promise<'connected' | { refused: string }>;
  /** Sends bytes through the tunnel, both ways. */
  transfer(bytes: number): Promise<void>;
  /** Hangs up and resolves with what ocserv counted. */
  hangUp(): Promise<OcservCount>;
  /** Removes processes, namespaces and files. */
  close(): Promise<void>;
  log(): string;
}

/** True when this host can make network namespaces and tunnels (root, ip, ocserv, openconnect, /dev/net/tun). */
export function ocservMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, to make network namespaces';
  for (const [program, argument] of [
    ['ip', '-V'],
    ['ocserv', '--version'],
    ['openconnect', '--version'],
    ['openssl', 'version'],
  ] as const) {
    try {
      execFileSync(program, [argument], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed`;
    }
  }
  return undefined;
}

const ip = (...words: string[]): void => void execFileSync('ip', words, { stdio: 'pipe' });

/** Builds two namespaces joined like this: root ── ocserv ── client, and starts ocserv. Throws when something is missing. */
export async function startOcserv(o: OcservOptions): Promise<OcservLab> {
  const missing = ocservMissing();
  if (missing) throw new Error(`The test with a real NAS ${missing}.`);
  const lab = new Lab(o, process.pid % 200);
  try {
    await lab.start();
  } catch (error) {
    await lab.close();
    throw error;
  }
  return lab;
}

class Lab implements OcservLab {
  readonly nasAddress: string;
  readonly serverAddress: string;
  private readonly dir = mkdtempSync(join(tmpdir(), 'lango-ocserv-'));
  private readonly tag: string;
  private server: ChildProcess | undefined;
  private client: ChildProcess | undefined;
  private output = '';

  constructor(
    private readonly o: OcservOptions,
    private readonly net: number,
  ) {
    this.tag = `lgo${net}`;
    this.serverAddress = `10.250.${net}.1`;
    this.nasAddress = `10.250.${net}.2`;
  }

  private get nasSpace(): string {
    return `${this.tag}n`;
  }

  private get clientSpace(): string {
    return `${this.tag}c`;
  }

  async start(): Promise<void> {
    // ocserv's workers run as nobody and meet its other half in here.
    chmodSync(this.dir, 0o711);
    this.makeNetwork();
    this.writeFiles();
    this.server = spawn(
      'ip',
      ['netns', 'exec', this.nasSpace, 'ocserv', '-f', '-d', '2', '-c', join(this.dir, 'ocserv.conf')],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [this.server.stdout, this.server.stderr])
      stream?.on('data', (text: Buffer) => (this.output += text.toString()));
    await until(
      () => /initialized/.test(this.output),
      10_000,
      () => `ocserv did not start:\n${this.output}`,
    );
  }

  private makeNetwork(): void {
    const { tag, net, nasSpace, clientSpace } = this;
    ip('netns', 'add', nasSpace);
    ip('netns', 'add', clientSpace);
    ip('link', 'add', `${tag}a`, 'type', 'veth', 'peer', 'name', `${tag}b`, 'netns', nasSpace);
    ip('addr', 'add', `${this.serverAddress}/30`, 'dev', `${tag}a`);
    ip('link', 'set', `${tag}a`, 'up');
    ip('-n', nasSpace, 'addr', 'add', `${this.nasAddress}/30`, 'dev', `${tag}b`);
    ip('-n', nasSpace, 'link', 'add', `${tag}d`, 'type', 'veth', 'peer', 'name', `${tag}e`, 'netns', clientSpace);
    ip('-n', nasSpace, 'addr', 'add', `10.249.${net}.1/30`, 'dev', `${tag}d`);
    ip('-n', clientSpace, 'addr', 'add', `10.249.${net}.2/30`, 'dev', `${tag}e`);
    for (const [space, link] of [
      [nasSpace, 'lo'],
      [nasSpace, `${tag}b`],
      [nasSpace, `${tag}d`],
      [clientSpace, 'lo'],
      [clientSpace, `${tag}e`],
    ] as const) {
      ip('-n', space, 'link', 'set', link, 'up');
    }
  }

  private writeFiles(): void {
    const file = (name: string): string => join(this.dir, name);
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        file('key.pem'),
        '-out',
        file('cert.pem'),
        '-days',
        '2',
        '-subj',
        '/CN=vpn.test',
      ],
      { stdio: 'ignore' },
    );
    writeFileSync(file('servers'), `${this.serverAddress} ${this.o.secret}\n`, { mode: 0o600 });
    writeFileSync(
      file('radius.conf'),
      [
        'nas-identifier ocserv-lab',
        `authserver ${this.serverAddress}:${this.o.authPort}`,
        `acctserver ${this.serverAddress}:${this.o.acctPort}`,
        `servers ${file('servers')}`,
        'dictionary /etc/radcli/dictionary',
        'default_realm',
        'radius_timeout 3',
        'radius_retries 3',
        'bindaddr *',
      ].join('\n'),
    );
    writeFileSync(
      file('ocserv.conf'),
      [
        `auth = "radius[config=${file('radius.conf')}]"`,
        `acct = "radius[config=${file('radius.conf')}]"`,
        `stats-report-time = ${this.o.interim_s}`,
        'tcp-port = 4443',
        'run-as-user = nobody',
        'run-as-group = nogroup',
        `socket-file = ${file('ocserv.sock')}`,
        `server-cert = ${file('cert.pem')}`,
        `server-key = ${file('key.pem')}`,
        `pid-file = ${file('ocserv.pid')}`,
        'device = lgvpn',
        `ipv4-network = 10.248.${this.net}.0`,
        'ipv4-netmask = 255.255.255.0',
        'isolate-workers = false',
        'max-clients = 8',
        'keepalive = 3600',
        'dpd = 3600',
        'max-ban-score = 0',
        'try-mtu-discovery = false',
        'cisco-client-compat = true',
      ].join('\n'),
    );
  }

  async connect(username: string, password: string): Promise<'connected' | { refused: string }> {
    const key = new X509Certificate(readFileSync(join(this.dir, 'cert.pem'))).publicKey.export({
      type: 'spki',
      format: 'der',
    });
    const pin = `pin-sha256:${createHash('sha256').update(key).digest('base64')}`;
    let text = '';
    const client = spawn(
      'ip',
      // No set-up script but our own: the tunnel gets its address, nothing else of the host is touched.
      [
        'netns',
        'exec',
        this.clientSpace,
        'openconnect',
        `--user=${username}`,
        '--passwd-on-stdin',
        `--servercert=${pin}`,
        '--no-dtls',
        '--non-inter',
        '--interface=lgtun',
        `--script=${this.script()}`,
        `10.249.${this.net}.1:4443`,
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.client = client;
    for (const stream of [client.stdout, client.stderr])
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    client.stdin.end(`${password}\n`);
    await until(
      () => /Configured as|lango-tunnel-up/.test(text) || client.exitCode !== null,
      20_000,
      () => `openconnect did not finish:\n${text}`,
    );
    if (client.exitCode === null) return 'connected';
    const refused = /\n(.+)\n+Password:/.exec(text)?.[1];
    if (refused === undefined) throw new Error(`openconnect ended without a refusal:\n${text}\n${this.output}`);
    return { refused };
  }

  private script(): string {
    const path = join(this.dir, 'tunnel.sh');
    writeFileSync(
      path,
      '#!/bin/sh\n[ "$reason" = connect ] || exit 0\nip link set dev "$TUNDEV" up mtu 1280\nip addr add "$INTERNAL_IP4_ADDRESS/32" peer ' +
        `10.248.${this.net}.1` +
        ' dev "$TUNDEV"\necho lango-tunnel-up\n',
      { mode: 0o755 },
    );
    return path;
  }

  async transfer(bytes: number): Promise<void> {
    const sink = spawn(
      'ip',
      [
        'netns',
        'exec',
        this.nasSpace,
        process.execPath,
        '-e',
        "require('net').createServer(s=>{s.pipe(s)}).listen(7007,'0.0.0.0',()=>console.log('up'))",
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      await new Promise<void>((resolve) => sink.stdout.once('data', () => resolve()));
      const program = `const s=require('net').connect(7007,'10.248.${this.net}.1');let got=0;s.on('data',d=>{got+=d.length;if(got===${bytes}){s.end();process.exit(0)}});s.write(Buffer.alloc(${bytes},7))`;
      const source = spawn('ip', ['netns', 'exec', this.clientSpace, process.execPath, '-e', program], {
        stdio: 'inherit',
      });
      const code = await new Promise<number | null>((resolve) => source.once('exit', resolve));
      if (code !== 0) throw new Error(`The transfer through the tunnel failed with ${code}.`);
    } finally {
      sink.kill('SIGKILL');
    }
  }

  async hangUp(): Promise<OcservCount> {
    const before = this.output.length;
    this.client?.kill('SIGINT');
    const line = /user disconnected \(reason: [^,]*, rx: (\d+), tx: (\d+)\)/;
    await until(
      () => line.test(this.output.slice(before)),
      15_000,
      () => `ocserv did not report the end of the session:\n${this.output.slice(before)}`,
    );
    const match = line.exec(this.output.slice(before));
    return { rx_bytes: Number(match?.[1]), tx_bytes: Number(match?.[2]) };
  }

  async close(): Promise<void> {
    this.client?.kill('SIGKILL');
    if (this.server && this.server.exitCode === null) {
      const gone = new Promise((resolve) => this.server?.once('exit', resolve));
      this.server.kill('SIGTERM');
      await Promise.race([gone, sleep(3000, undefined, { ref: false })]);
      this.server.kill('SIGKILL');
    }
    for (const space of [this.nasSpace, this.clientSpace]) {
      try {
        for (const pid of execFileSync('ip', ['netns', 'pids', space], { encoding: 'utf8' })
          .split('\n')
          .filter(Boolean))
          process.kill(Number(pid), 'SIGKILL');
        ip('netns', 'del', space);
      } catch {
        // It was never made, or a process in it ended by itself meanwhile.
      }
    }
    // The link goes with its namespace, but only when the kernel gets to it.
    spawnSync('ip', ['link', 'del', `${this.tag}a`], { stdio: 'ignore' });
    rmSync(this.dir, { recursive: true, force: true });
  }

  log(): string {
    return this.output;
  }
}

async function until(true_: () => boolean, timeout_ms: number, complaint: () => string): Promise<void> {
  for (const end = Date.now() + timeout_ms; Date.now() < end; await sleep(50)) if (true_()) return;
  throw new Error(complaint());
}
