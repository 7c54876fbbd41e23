import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RouterOptions, SimulatedMikrotik } from '.';
import { freePorts } from '../ports';

// The simulated router, its codec and its MS-CHAP against the real FreeRADIUS and its radclient, with a config of no policy.
const secret = 'routers-secret';
const password = 'se!crét';
const folder = mkdtempSync(join(tmpdir(), 'lango-mikrotik-'));
let server: ChildProcess;
let output = '';
let port: number;
let acctPort: number;
let router: SimulatedMikrotik | undefined;

beforeAll(async () => {
  [port = 0, acctPort = 0] = await freePorts(2);
  writeFileSync(join(folder, 'radiusd.conf'), config());
  server = spawn('freeradius', ['-f', '-d', folder, '-l', 'stdout'], { stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    const read = (data: Buffer) => {
      output += data.toString();
      if (output.includes('Ready to process requests')) resolve();
    };
    server.stdout?.on('data', read);
    server.stderr?.on('data', read);
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`FreeRADIUS ended:\n${output}`)));
  });
});
afterEach(() => router?.close());
afterAll(async () => {
  if (server.exitCode === null) {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill();
    await gone;
  }
  rmSync(folder, { recursive: true });
});

async function boot(over: Partial<RouterOptions> = {}): Promise<SimulatedMikrotik> {
  const servers = [{ address: '127.0.0.1', authPort: port, acctPort: acctPort }];
  const fixed = { identity: 'tower-1', address: '127.77.0.1', secret, servers, timeout_ms: 1000 };
  router = await SimulatedMikrotik.start({ ...fixed, ...over });
  return router;
}

describe.each(['pap', 'chap', 'mschap1', 'mschap2'] as const)('PPPoE by %s', (authentication) => {
  test('FreeRADIUS lets the right password in and the router believes it', async () => {
    await boot({ version: '7.18' });
    const login = await router!.connectPppoe({ username: 'asha', password, authentication });
    if (login.kind !== 'online') throw new Error(`${JSON.stringify(login)}\n${output}`);
    expect(login.session.entitlement).toMatchObject({
      rateLimit: { up_bps: 5_000_000, down_bps: 10_000_000 },
      interim_s: 300,
    });
    expect(login.session.entitlement.classes).toEqual([Buffer.from('a class')]);
    const keys = login.reply.map(({ attribute }) => attribute).filter((name) => name.startsWith('MS-'));
    if (authentication === 'mschap2')
      expect(keys).toEqual(expect.arrayContaining(['MS-CHAP2-Success', 'MS-MPPE-Send-Key']));
  });

  test('a wrong password is rejected', async () => {
    await boot({ version: '7.18' });
    const login = await router!.connectPppoe({ username: 'asha', password: 'wrong', authentication });
    expect(login.kind).toBe('rejected');
    expect(router!.statistics.badReplies).toBe(0);
  });
});

test('FreeRADIUS acknowledges Accounting-On, Start, interim and Stop', async () => {
  await boot({ version: '6.49' });
  const login = await router!.connectHotspot({ username: 'TEA-1', password });
  if (login.kind !== 'online') throw new Error(JSON.stringify(login));
  await login.session.interim();
  await login.session.logout();
  expect(login.session.reports.map((report) => report.acknowledged)).toEqual([true, true, true]);
  expect(router!.statistics).toMatchObject({ resends: 0, timeouts: 0, badReplies: 0 });
});

test('radclient changes a rate and disconnects, with its own signatures', async () => {
  await boot({ version: '7.18' });
  const login = await router!.connectPppoe({ username: 'asha', password });
  if (login.kind !== 'online') throw new Error(JSON.stringify(login));
  const who = `User-Name=asha,Acct-Session-Id=${login.session.id}`;
  expect(await radclient('coa', `${who},Mikrotik-Rate-Limit="1M/2M",Message-Authenticator=0x00`)).toContain('CoA-ACK');
  expect(login.session.entitlement.rateLimit?.down_bps).toBe(2_000_000);
  expect(await radclient('disconnect', `User-Name=someone,Message-Authenticator=0x00`)).toContain(
    'Session-Context-Not-Found',
  );
  expect(await radclient('disconnect', who)).toContain('Disconnect-ACK');
  expect(login.session.endedBy).toBe('Admin-Reset');
});

/** radclient's output; it refuses replies whose authenticators are wrong. */
function radclient(command: string, attributes: string): Promise<string> {
  return new Promise((resolve) => {
    const target = `${router!.address}:${router!.coaPort}`;
    const child = execFile(
      'radclient',
      ['-x', '-t', '2', '-r', '1', target, command, secret],
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
    child.stdin?.end(attributes);
  });
}

function config(): string {
  return `
    prefix = /usr
    libdir = /usr/lib/freeradius
    logdir = ${folder}
    run_dir = ${folder}
    max_requests = 1024
    log { destination = stdout }
    security {
      allow_core_dumps = no
      reject_delay = 0
      status_server = no
    }
    thread pool {
      start_servers = 1
      max_servers = 2
      min_spare_servers = 1
      max_spare_servers = 2
    }
    client router {
      ipaddr = 127.77.0.1
      secret = ${secret}
    }
    modules {
      pap { }
      chap { }
      mschap {
        use_mppe = yes
        require_encryption = no
        require_strong = no
        with_ntdomain_hack = yes
      }
      always ok { rcode = ok }
    }
    server default {
      listen {
        type = auth
        ipaddr = 127.0.0.1
        port = ${port}
      }
      listen {
        type = acct
        ipaddr = 127.0.0.1
        port = ${acctPort}
      }
      authorize {
        update control {
          Cleartext-Password := "${password}"
        }
        chap
        mschap
        pap
      }
      authenticate {
        Auth-Type PAP {
          pap
        }
        Auth-Type CHAP {
          chap
        }
        Auth-Type MS-CHAP {
          mschap
        }
      }
      post-auth {
        update reply {
          Mikrotik-Rate-Limit := "5M/10M"
          Acct-Interim-Interval := 300
          Class := "a class"
          Message-Authenticator := 0x00
        }
        Post-Auth-Type REJECT {
          update reply {
            Message-Authenticator := 0x00
          }
        }
      }
      preacct {
        ok
      }
      accounting {
        ok
      }
    }
  `;
}
