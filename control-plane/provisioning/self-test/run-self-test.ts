import type { JobHelpers } from 'graphile-worker';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Context } from '../../platform/context';
import type { TaskTools } from '../../platform/jobs/task';
import { atRouter } from '../../routers';
import { findInstallation } from '../installation';
import { TUNNEL_SERVER } from '../recipe';
import { judge } from './judge';
import { look } from './look';
import { probeOrders } from './probe';
import type { Check, Expected } from './seen';

interface Known {
  address: string;
  coa_port: number;
  way: 'direct' | 'tunnel' | null;
  fetched_at: Date | null;
  access_at: Date | null;
  accounting_at: Date | null;
  secret_wrong_at: Date | null;
}

/** Looks at one router from our side and from its own. Holds no transaction while the router is asked. */
export async function runSelfTest(
  routerId: bigint,
  inTenant: <T>(work: (ctx: Context) => Promise<T>) => Promise<T>,
  helpers: JobHelpers,
  tools: TaskTools,
): Promise<Check[]> {
  const found = await inTenant(async (ctx) => ({
    known: await know(ctx, routerId),
    installation: await findInstallation(ctx),
    now: ctx.now,
  }));
  const { known, installation } = found;
  if (!known || !installation) return [];
  // Our clock may be moved; the router's is compared with it.
  const shift_ms = found.now.getTime() - Date.now();
  const expected: Expected = {
    address: known.address,
    coaPort: known.coa_port,
    server: known.way === 'tunnel' ? TUNNEL_SERVER : await addressOf(installation.host),
    payHost: new URL(installation.publicUrl).hostname.replace(/^\[|\]$/g, ''),
    tunnel: known.way === 'tunnel',
    since: known.fetched_at,
    accessAt: known.access_at,
    accountingAt: known.accounting_at,
    secretWrongAt: known.secret_wrong_at,
    shadows: (names) => inTenant((ctx) => shadowsOf(ctx, names)),
  };
  const probe = async () => {
    const { rows } = await helpers.query<{ address: string; port: number; secret: string; otherSecret: string | null }>(
      'SELECT address, port, secret, other_secret AS "otherSecret" FROM provisioning_probe($1)',
      [routerId.toString()],
    );
    const [to] = rows;
    return to ? probeOrders(to) : ({ kind: 'silence' } as const);
  };
  const looked = await atRouter({ query: (sql, values) => helpers.query(sql, values) }, tools, routerId, ({ ask }) =>
    look(ask, expected, probe, () => Date.now() + shift_ms),
  );
  if (!looked) return [{ name: 'reachable', outcome: 'fail', word: 'no_api' }];
  if (looked.kind === 'away') {
    const orders = await probe();
    return [
      {
        name: 'reachable',
        outcome: 'fail',
        word: looked.word,
        values: { said: looked.said, address: expected.address },
      },
      orders.kind === 'answered'
        ? { name: 'orders', outcome: 'pass', word: 'orders_obeyed' }
        : { name: 'orders', outcome: 'fail', word: 'orders_silent', values: { port: String(expected.coaPort) } },
    ];
  }
  return judge(expected, looked.seen);
}

async function know(ctx: Context, routerId: bigint): Promise<Known | undefined> {
  const [known] = await ctx.tx.$queryRaw<Known[]>`
    SELECT n.nasname AS address, n.coa_port, p.way, p.fetched_at, s.last_access_at AS access_at, s.last_accounting_at AS accounting_at, s.secret_wrong_at
    FROM nas n LEFT JOIN provisioning_router p ON p.nas_id = n.id LEFT JOIN nas_status s ON s.nas_id = n.id WHERE n.id = ${routerId}`;
  return known;
}

/** A router asks us only about names that it does not know itself. */
async function shadowsOf(ctx: Context, names: readonly string[]): Promise<string[]> {
  const rows = await ctx.tx.$queryRaw<{ username: string }[]>`
    SELECT username FROM subscription WHERE username = ANY (${[...names]}) AND status <> 'ended' ORDER BY username`;
  return rows.map(({ username }) => username);
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host)) return host;
  return lookup(host, 4).then(
    ({ address }) => address,
    () => host,
  );
}
