import type { SecretBox } from './crypto';
import type { Prisma } from './db/generated/client';
import type { Log } from './log';
import type { Permission } from './permissions';

/** Who acts. `permissions` is empty for everybody but staff; a system actor is trusted and is never checked. */
export interface Actor {
  kind: 'staff' | 'system' | 'subscriber' | 'provider';
  id: bigint | null;
  name: string;
  ip: string | null;
  permissions: ReadonlySet<Permission>;
  /** Staff of a reseller, who see that reseller's customers alone (role lango_reseller). 0: of none, who sees nobody. */
  reseller?: bigint;
}

/** The actor of scheduled and automatic work; `name` is the job or part, as it will stand in the audit. */
export function systemActor(name: string): Actor {
  return { kind: 'system', id: null, name, ip: null, permissions: new Set() };
}

/**
 * What every command and query gets first: one open transaction that sees one company's rows and no others (row-level security),
 * the moment it works at, and who asked. Commands are `(ctx, input) => Promise<outcome>` and never open transactions of their own.
 */
export interface Context {
  /** Prisma in the open transaction. Raw SQL: `ctx.tx.$queryRaw` with tagged templates. */
  tx: Prisma.TransactionClient;
  tenantId: bigint;
  actor: Actor;
  /** Transaction time on Lango's clock (lango_now()). */
  now: Date;
  /** Seals what must not stand readable in a column: router and provider passwords. */
  secrets: SecretBox;
  requestId: string;
  log: Log;
}

/** A transaction to be opened: for which company, on whose behalf, and under which request. */
export interface Opening {
  tenantId: bigint;
  actor: Actor;
  requestId: string;
}
