import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { findUser } from '../../platform/supervisor/run-as';

/** The peer: FreeRADIUS with rlm_sql as its package installs it, on the stock schema and queries. */
export interface Stock {
  authPort: number;
  acctPort: number;
  databaseUrl: string;
  pid: number;
  stop(): Promise<void>;
}

export interface StockOptions {
  /** A superuser connection to the server that Lango is measured on too. */
  adminUrl: string;
  /** A private folder for its configuration. */
  dir: string;
  authPort: number;
  acctPort: number;
  secret: string;
  users: number;
}

const packaged = '/etc/freeradius/3.0';

/** All users of both sides have it. */
export const benchPassword = 'bench-password';
/** SQL for the name of user i, as the load generator names it. */
export const userName = `'u' || lpad(i::text, 6, '0')`;

/**
 * Sets up and starts the peer: a copy of the packaged raddb with `sql` enabled in authorize, accounting, session and post-auth, PostgreSQL chosen,
 * ports and client set, and nothing else touched, except that MikroTik packets need no change at all.
 * Users u000000… with one password are in ten groups of four reply items.
 */
export async function startStock(o: StockOptions): Promise<Stock> {
  const databaseUrl = await makeDatabase(o);
  return startStockOn({ ...o, databaseUrl });
}

export interface StockServer extends Pick<StockOptions, 'dir' | 'authPort' | 'acctPort' | 'secret'> {
  /** The database that it reads, as the login named there. */
  databaseUrl: string;
  /** Ask SQL in authorize alone: for a login that may only read. */
  authorizeOnly?: boolean;
}

/** The same server on a database that stands already. */
export async function startStockOn(o: StockServer): Promise<Stock> {
  const { databaseUrl } = o;
  const raddb = join(o.dir, 'raddb');
  cpSync(packaged, raddb, { recursive: true, verbatimSymlinks: true });
  configure(raddb, o, databaseUrl);
  const user = process.getuid?.() === 0 ? findUser('freerad') : undefined;
  if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, o.dir]);
  const child = spawn('freeradius', ['-f', '-d', raddb, '-l', join(o.dir, 'radius.log')], { stdio: 'ignore' });
  await ready(child, join(o.dir, 'radius.log'));
  return { authPort: o.authPort, acctPort: o.acctPort, databaseUrl, pid: child.pid ?? 0, stop: () => stop(child) };
}

async function makeDatabase(o: StockOptions): Promise<string> {
  const admin = new Client({ connectionString: o.adminUrl });
  await admin.connect();
  await admin.query('CREATE DATABASE bench_stock');
  await admin.end();
  const url = new URL(o.adminUrl);
  url.pathname = '/bench_stock';
  const db = new Client({ connectionString: url.href });
  await db.connect();
  await db.query(readFileSync(join(packaged, 'mods-config/sql/main/postgresql/schema.sql'), 'utf8'));
  await db.query(
    `INSERT INTO radcheck (username, attribute, op, value) SELECT ${userName}, 'Cleartext-Password', ':=', $2 FROM generate_series(0, $1::int - 1) i`,
    [o.users, benchPassword],
  );
  await db.query(
    `INSERT INTO radusergroup (username, groupname, priority) SELECT ${userName}, 'plan' || i % 10, 1 FROM generate_series(0, $1::int - 1) i`,
    [o.users],
  );
  await db.query(`INSERT INTO radgroupreply (groupname, attribute, op, value)
    SELECT 'plan' || g, a, ':=', v FROM generate_series(0, 9) g,
    (VALUES ('Mikrotik-Rate-Limit', '5M/10M 8M/16M 4M/8M 16/16'), ('Session-Timeout', '86400'), ('Acct-Interim-Interval', '300'), ('Framed-Pool', 'pool1')) i (a, v)`);
  await db.query('VACUUM ANALYZE');
  await db.end();
  return url.href;
}

function configure(raddb: string, o: StockServer, databaseUrl: string): void {
  const edit = (file: string, ...changes: [RegExp, string][]): void => {
    const path = join(raddb, file);
    let text = readFileSync(path, 'utf8');
    for (const [from, to] of changes) {
      if (!from.test(text))
        throw new Error(
          `The packaged ${file} is not as expected (${from.source}); the bench knows FreeRADIUS 3.2 of Debian.`,
        );
      text = text.replace(from, to);
    }
    writeFileSync(path, text);
  };
  const db = new URL(databaseUrl);
  edit(
    'mods-available/sql',
    [/dialect = "sqlite"/, 'dialect = "postgresql"'],
    [/driver = "rlm_sql_null"/, 'driver = "rlm_sql_postgresql"'],
    [
      /radius_db = "radius"/,
      `server = "${db.hostname}"\n\tport = ${db.port}\n\tlogin = "${decodeURIComponent(db.username)}"\n\tpassword = "${decodeURIComponent(db.password)}"\n\tradius_db = "${db.pathname.slice(1)}"`,
    ],
  );
  symlinkSync('../mods-available/sql', join(raddb, 'mods-enabled/sql'));
  edit(
    'radiusd.conf',
    [/^raddbdir = .*$/m, `raddbdir = ${raddb}`],
    [/^logdir = .*$/m, `logdir = ${o.dir}`],
    [/^run_dir = .*$/m, `run_dir = ${o.dir}`],
  );
  if (o.authorizeOnly)
    edit(
      'sites-available/default',
      [/^(accounting \{[\s\S]*?^)\t-sql$/m, '$1#\t-sql'],
      [/^(post-auth \{[\s\S]*?^)\t-sql$/m, '$1#\t-sql'],
      [/^\t\t-sql$/m, '#\t\t-sql'],
    );
  else edit('sites-available/default', [/^#\tsql$/m, '\tsql']);
  setPorts(join(raddb, 'sites-available/default'), o);
  // Its inner tunnel listens on a fixed port of its own and has no part in this.
  writeFileSync(join(raddb, 'sites-available/inner-tunnel'), 'server inner-tunnel {\n}\n');
  appendFileSync(join(raddb, 'clients.conf'), `\nclient bench {\n\tipaddr = 127.0.0.0/8\n\tsecret = ${o.secret}\n}\n`);
  edit(
    'clients.conf',
    [/client localhost \{/, 'client localhost_packaged {'],
    [/ipaddr = 127\.0\.0\.1/, 'ipaddr = 192.0.2.1'],
  );
  mkdirSync(join(o.dir, 'radacct'), { recursive: true });
}

/** Each `listen { … }` of the packaged site names its type somewhere inside; port 0 there means 1812 or 1813. */
function setPorts(path: string, o: StockServer): void {
  const text = readFileSync(path, 'utf8').replace(/^listen \{\n[\s\S]*?^\}/gm, (block) => {
    const port = /^\s*type = acct\s*$/m.test(block) ? o.acctPort : o.authPort;
    return block
      .replace(/^\s*port = 0\s*$/m, `\tport = ${port}`)
      .replace(/^(\s*)ipv6addr = ::.*$/m, '$1ipv6addr = ::1')
      .replace(/^(\s*)ipaddr = \*\s*$/m, '$1ipaddr = 127.0.0.1');
  });
  writeFileSync(path, text);
}

async function ready(child: ChildProcess, log: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    await sleep(100);
    const text = spawnSync('cat', [log], { encoding: 'utf8' }).stdout;
    if (text.includes('Ready to process requests')) return;
    if (child.exitCode !== null)
      throw new Error(`Stock FreeRADIUS did not start:\n${text.split('\n').slice(-15).join('\n')}`);
  }
  throw new Error(`Stock FreeRADIUS was not ready within 10 s; see ${log}.`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([gone, sleep(5000, undefined, { ref: false })]);
  child.kill('SIGKILL');
}
