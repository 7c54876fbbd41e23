import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './ports';
import { projectRoot } from '../platform/project-root';

/** `lango start` in a process of its own. */
export interface Program {
  baseUrl: string;
  authPort: number;
  acctPort: number;
  pid: number;
  /** The last half megabyte that it has printed. */
  output(): string;
  /** Waits until /readyz says that every part serves. @throws with its words when it ends by itself or the time is over */
  ready(timeout_ms?: number): Promise<void>;
  /** Asks it to end, and waits until it has. */
  end(): Promise<void>;
}

/** Where a program runs, when that is not this machine's own network, and with which roles. */
export interface ProgramPlace {
  host?: { space: string; address: string };
  /** HTTP, authentication, accounting, RadSec; four free ones otherwise. */
  ports?: number[];
  args?: string[];
}

/** The person whom the first start of these programs makes. */
export const firstAdmin = { email: 'owner@lango.example', password: 'open-the-gate-9' };

/** Runs dist/ as an operator does, on free ports, bound to loopback, without the demo and without a limit on the API. TEST_LOG shows what it prints. */
export async function startProgram(
  dataDir: string,
  settings: Record<string, string>,
  o: ProgramPlace = {},
): Promise<Program> {
  const [http = 0, auth = 0, acct = 0, radsec = 0] = o.ports ?? (await freePorts(4));
  const baseUrl = `http://${o.host?.address ?? '127.0.0.1'}:${http}`;
  const words = [process.execPath, join(projectRoot(), 'dist/control-plane/cli/main.js'), 'start', ...(o.args ?? [])];
  const [program = '', ...args] = o.host ? ['ip', 'netns', 'exec', o.host.space, ...words] : words;
  const child = spawn(program, args, {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      LANGO_DATA: dataDir,
      LANGO_BIND: '127.0.0.1',
      LANGO_HTTP_PORT: String(http),
      LANGO_AUTH_PORT: String(auth),
      LANGO_ACCT_PORT: String(acct),
      LANGO_RADSEC_PORT: String(radsec),
      LANGO_DEMO: '0',
      LANGO_API_RATE: '1000000',
      LANGO_ADMIN_EMAIL: firstAdmin.email,
      LANGO_ADMIN_PASSWORD: firstAdmin.password,
      ...(o.host ? { LANGO_BIND: '0.0.0.0', LANGO_HTTP_BIND: o.host.address } : {}),
      ...settings,
    },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-500_000);
      if (process.env['TEST_LOG']) process.stderr.write(chunk);
    });
  const closed = once(child, 'close');
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    baseUrl,
    authPort: auth,
    acctPort: acct,
    pid: child.pid ?? 0,
    output: () => printed,
    async ready(timeout_ms = 60_000) {
      const end = Date.now() + timeout_ms;
      for (;;) {
        if (ended()) throw new Error(`lango start ended by itself:\n${printed}`);
        const answer = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
        if (answer?.status === 200) return;
        if (Date.now() > end) {
          const parts = await answer?.text().catch(() => '');
          throw new Error(`Lango does not serve after ${timeout_ms} ms: ${parts}\n${printed.slice(-5000)}`);
        }
        await sleep(50);
      }
    },
    async end() {
      if (!ended()) child.kill('SIGTERM');
      await closed;
    },
  };
}
