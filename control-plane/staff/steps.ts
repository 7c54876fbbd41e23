import type { Prisma, PrismaClient } from '../platform/db/generated/client';
import type { Cookie } from '../platform/http/page';
import { hashSecret, newSecret } from '../platform/http/session-cookie';

/** Something that is begun now and finished with a secret that only the beginner holds. */
export type Purpose = 'second' | 'passkey' | 'oidc' | 'invite';

/** The database inside a company's transaction, or outside of any. */
export type Asking = Pick<PrismaClient | Prisma.TransactionClient, '$queryRaw' | '$executeRaw'>;

export interface OpenStep {
  /** The person it is about, where that was known when it began. */
  tenantId: bigint | null;
  staffId: bigint | null;
  email: string | null;
  name: string | null;
  data: Record<string, string>;
}

/** Begins a step; the secret is kept nowhere. A new invitation voids the one before. */
export async function openStep(
  db: Asking,
  purpose: Purpose,
  step: { tenantId?: bigint; staffId?: bigint; data?: Record<string, string>; seconds: number },
): Promise<string> {
  const secret = newSecret('lgx_');
  await db.$executeRaw`
    SELECT staff_step_open(${purpose}, ${hashSecret(secret)}, ${step.tenantId ?? null}::bigint, ${step.staffId ?? null}::bigint,
      ${JSON.stringify(step.data ?? {})}::jsonb, make_interval(secs => ${step.seconds}))`;
  return secret;
}

/** What was begun under this secret, if it is still open: not used, not too old, not tried five times. */
export function findStep(db: Asking, purpose: Purpose, secret: string | undefined): Promise<OpenStep | undefined> {
  return take(db, purpose, secret, false);
}

/** The same, and ends it: of two who come with the same secret one gets nothing. */
export function finishStep(db: Asking, purpose: Purpose, secret: string | undefined): Promise<OpenStep | undefined> {
  return take(db, purpose, secret, true);
}

async function take(
  db: Asking,
  purpose: Purpose,
  secret: string | undefined,
  finish: boolean,
): Promise<OpenStep | undefined> {
  if (secret === undefined || !/^lgx_[A-Za-z0-9_-]{43}$/.test(secret)) return undefined;
  const [row] = await db.$queryRaw<
    {
      tenant_id: bigint | null;
      staff_id: bigint | null;
      email: string | null;
      name: string | null;
      data: Record<string, string>;
    }[]
  >`SELECT * FROM staff_step_take(${purpose}, ${hashSecret(secret)}, ${finish})`;
  return row && { tenantId: row.tenant_id, staffId: row.staff_id, email: row.email, name: row.name, data: row.data };
}

/** Counts a wrong answer against a step. */
export async function missStep(db: Asking, secret: string): Promise<void> {
  await db.$executeRaw`SELECT staff_step_missed(${hashSecret(secret)})`;
}

export const STEP_COOKIE = 'lango_step';

/** Keeps a step's secret with the browser that began it; undefined takes it away. */
export function stepCookie(secret: string | undefined, seconds: number): Cookie {
  return { name: STEP_COOKIE, value: secret ?? '', maxAgeS: secret === undefined ? 0 : seconds };
}
