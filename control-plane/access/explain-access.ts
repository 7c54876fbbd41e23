import type { Context } from '../platform/context';
import type { AccessExplanation } from './schema';

/** Who asks to get in, from where. */
export interface AccessQuestion {
  username: string;
  /** In any usual form; without it a lock to a device is not held against anybody. */
  mac?: string | undefined;
  /** Without it the company's first MikroTik is asked from. */
  router_id?: bigint | undefined;
}

/**
 * "Why can't they connect?": asks the very function that FreeRADIUS asks, as if this router had, and tells what each check saw.
 * The checks stand in the order in which they are made and end with the one that shuts the gate. Changes nothing.
 */
export async function explainAccess(
  ctx: Context,
  question: AccessQuestion,
): Promise<{ kind: 'explained'; explanation: AccessExplanation } | { kind: 'router_not_found' }> {
  const rows = await ctx.tx.$queryRaw<{ explanation: AccessExplanation | null }[]>`
    SELECT aaa_explain(${question.username}, ${question.mac ?? null}::text, ${question.router_id ?? null}::bigint) AS explanation`;
  const explanation = rows[0]?.explanation;
  return explanation ? { kind: 'explained', explanation } : { kind: 'router_not_found' };
}
