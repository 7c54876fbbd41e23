import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until';

export interface RadsecproxyOptions {
  /** UDP port on 127.0.0.1 that it takes requests on, for logins and accounting alike. */
  udpPort: number;
  /** Of its UDP clients. */
  secret: string;
  frontPort: number;
  cert: string;
  key: string;
  ca: string;
}

/** Debian's radsecproxy: takes RADIUS by UDP and carries it by TLS, as a NAS that this project did not write. */
export interface Radsecproxy {
  log(): string;
  stop(): Promise<void>;
}

/** Starts it in a folder of its own, and waits until it is connected. Rejects with its log when it never is. */
export async function startRadsecproxy(o: RadsecproxyOptions): Promise<Radsecproxy> {
  const dir = mkdtempSync(join(tmpdir(), 'lango-radsecproxy-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const logFile = file('log', '');
  const config = file(
    'radsecproxy.conf',
    `ListenUDP 127.0.0.1:${o.udpPort}
LogLevel 2
LogDestination file://${logFile}
tls default {
  CACertificateFile ${file('ca.pem', o.ca)}
  CertificateFile ${file('cert.pem', o.cert)}
  CertificateKeyFile ${file('key.pem', o.key)}
}
client nas {
  host 127.0.0.0/8
  type udp
  secret ${o.secret}
}
server lango {
  host 127.0.0.1
  port ${o.frontPort}
  type tls
  secret radsec
  statusServer on
}
realm * {
  server lango
  accountingServer lango
}
`,
  );
  const child = spawn('radsecproxy', ['-f', '-c', config, '-i', join(dir, 'pid')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const log = (): string => said + readFileSync(logFile, 'utf8');
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await until(log, (text) => /TLS connection to lango .*(up|established)/i.test(text), 15_000);
  } catch {
    const text = log();
    await stop();
    throw new Error(`radsecproxy is not connected:\n${text}`);
  }
  return { log, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await gone;
  clearTimeout(timer);
}
