import { RouterPool, type ApiOutcome, type ApiTarget } from '../../radius/routeros';
import type { TaskTools } from '../platform/jobs/task';
import { API_PASSWORD } from './create-router';

/** What `enforcement_api_way` of the database says of a router's API. */
export interface SealedWay extends Omit<ApiTarget, 'password' | 'nextPassword' | 'fingerprint256'> {
  password_sealed: string;
  /** While its password is being replaced. */
  next_password_sealed: string | null;
  fingerprint: string | null;
}

/** How a router's API is reached, its password opened. @throws when it was sealed with another key */
export function openWay(tools: Pick<TaskTools, 'secrets'>, tenantId: bigint, way: SealedWay): ApiTarget {
  const { password_sealed: sealed, next_password_sealed: next, fingerprint, ...rest } = way;
  const open = (text: string): string => tools.secrets.open(API_PASSWORD, tenantId, Buffer.from(text, 'base64'));
  return {
    ...rest,
    password: open(sealed),
    ...(next && { nextPassword: open(next) }),
    ...(fingerprint !== null && { fingerprint256: fingerprint }),
  };
}

export interface RouterAtHand {
  tenantId: bigint;
  name: string;
  ask: (words: readonly string[]) => Promise<ApiOutcome>;
  /** The same with one password and no other; of the two that may be right while it is being replaced. */
  askAs: (password: 'now' | 'next', words: readonly string[]) => Promise<ApiOutcome>;
  /** Where and as whom it is asked. */
  target: ApiTarget;
}

interface Asker {
  query<Row extends object>(sql: string, values: unknown[]): Promise<{ rows: Row[] }>;
}

const COMMAND_MS = 20_000;

/**
 * Runs work that talks to one router, on a connection of its own, each command within `timeout_ms`; for tasks of the queue, which hold no transaction meanwhile.
 * @returns undefined when the router is gone or has no API here
 */
export async function atRouter<T>(
  db: Asker,
  tools: Pick<TaskTools, 'secrets'>,
  routerId: bigint,
  work: (router: RouterAtHand) => Promise<T>,
  timeout_ms = COMMAND_MS,
): Promise<T | undefined> {
  const { rows } = await db.query<{ tenant_id: string; name: string; api: SealedWay }>('SELECT * FROM nas_way($1)', [
    routerId.toString(),
  ]);
  const [row] = rows;
  if (!row) return undefined;
  const tenantId = BigInt(row.tenant_id);
  const target = openWay(tools, tenantId, row.api);
  const pool = new RouterPool({ timeout_ms });
  try {
    const { nextPassword, ...alone } = target;
    return await work({
      tenantId,
      name: row.name,
      target,
      ask: (words) => pool.run(target, words),
      askAs: (which, words) => pool.run(which === 'next' ? { ...alone, password: nextPassword ?? '' } : alone, words),
    });
  } finally {
    pool.close();
  }
}
