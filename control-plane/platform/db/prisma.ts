import { PrismaPg } from '@prisma/adapter-pg';
import type { Context, Opening } from '../context';
import type { SecretBox } from '../crypto';
import type { Log } from '../log';
import { isRetryable } from './faults';
import { PrismaClient, type Prisma } from './generated/client';
import { OneAtATimeClient } from './one-at-a-time';

/** The web's way to the database. Nothing but `inTenant` sees a company's rows. */
export interface Database {
  /**
   * Runs `work` in one transaction (15 s at most) that sees the rows of `opening.tenantId` alone; it commits when `work` resolves and rolls
   * back when it throws. A deadlock or serialization failure is tried again up to twice, so `work` must have no effect outside the transaction.
   * @throws what `work` throws; see faults.ts for telling the database's own faults apart
   */
  inTenant<T>(opening: Opening, work: (ctx: Context) => Promise<T>): Promise<T>;
  /** For SECURITY DEFINER look-ups that come before the company is known (sign-in, tokens) and for health. Sees no tenant-owned row. */
  outside: PrismaClient;
  secrets: SecretBox;
  close(): Promise<void>;
}

const TRANSACTION_TIMEOUT_MS = 15_000;
const CONNECTION_WAIT_MS = 5_000;
const TRIES = 3;

/** Statements that a connection keeps planned; there are some hundreds in all. */
const PLANS_MAX = 1_000;

/**
 * @param url login of a role under row-level security (web, or jobs for upkeep)
 * @param max connections held at most by this process
 * @param planOnce for work that repeats the same look-ups by key many times a second: each connection plans a statement once and not for each use.
 *   Not for lists, whose best plan hangs on what is asked for.
 */
export function createDatabase(url: string, secrets: SecretBox, log: Log, max = 10, planOnce = false): Database {
  const adapter = new PrismaPg(
    {
      connectionString: url,
      Client: OneAtATimeClient,
      max,
      application_name: 'lango-web',
      connectionTimeoutMillis: 3_000,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      // A lock that is waited for longer than a person waits for a page is a fault to report, not to sit out.
      options: `-c lock_timeout=8000 -c statement_timeout=14000${planOnce ? PLAN_ONCE : ''}`,
    },
    planOnce ? { statementNameGenerator: statementNames() } : {},
  );
  const client = new PrismaClient({
    adapter,
    transactionOptions: { timeout: TRANSACTION_TIMEOUT_MS, maxWait: CONNECTION_WAIT_MS },
  });

  const once = <T>(opening: Opening, work: (ctx: Context) => Promise<T>): Promise<T> =>
    client.$transaction(async (tx) => work(await enter(tx, opening, secrets, log)));

  return {
    async inTenant(opening, work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(opening, work);
        } catch (error) {
          if (attempt >= TRIES || !isRetryable(error)) throw error;
          log.info({ requestId: opening.requestId, attempt }, 'transaction met another one and is tried again');
        }
      }
    },
    outside: client,
    secrets,
    close: () => client.$disconnect(),
  };
}

/** Functions' own statements too. Plans may be made while tables are small and must be right when they have grown: by index, whatever they were like. */
const PLAN_ONCE = ' -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off';

/** A name for each text, under which the connection keeps its plan. */
function statementNames(): (query: { sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    // Without a name a statement is planned each time.
    if (known !== undefined || names.size >= PLANS_MAX) return known ?? '';
    const name = `lango_${names.size}`;
    names.set(sql, name);
    return name;
  };
}

async function enter(tx: Prisma.TransactionClient, opening: Opening, secrets: SecretBox, log: Log): Promise<Context> {
  const { tenantId, actor, requestId } = opening;
  const rows = await tx.$queryRaw<{ now: Date }[]>`
    SELECT set_config('lango.tenant', ${tenantId.toString()}, true), set_config('lango.request', ${requestId}, true), lango_now() AS now`;
  if (actor.reseller !== undefined) await bindToReseller(tx, actor.reseller, actor.id);
  const now = rows[0]?.now;
  if (!now) throw new Error('The database did not tell its time.');
  return { tx, tenantId, actor, now, secrets, requestId, log: log.child({ requestId, tenant: tenantId.toString() }) };
}

/** From here to its end the transaction sees what the reseller sees: prisma/migrations/0275_resellers. */
async function bindToReseller(tx: Prisma.TransactionClient, reseller: bigint, staffId: bigint | null): Promise<void> {
  await tx.$queryRaw`
    SELECT set_config('lango.reseller', ${reseller.toString()}, true), set_config('lango.staff', ${staffId?.toString() ?? ''}, true),
      set_config('role', 'lango_reseller', true)`;
}
