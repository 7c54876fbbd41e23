import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { sqlFault } from '../platform/db/faults';
import type { NewRouter } from './schema';

export type RouterOutcome =
  | { kind: 'done'; id: bigint }
  | { kind: 'not_found' }
  | { kind: 'changed_meanwhile' }
  | { kind: 'name_taken' }
  | { kind: 'address_taken' };

/** Where a router's API password is sealed (platform/crypto.ts). */
export const API_PASSWORD = 'nas.api_password';

/**
 * Takes in a router: from now on its address speaks for this company, in FreeRADIUS and the listener within 2 s.
 * One source address means one secret and one company, so an address that any company uses is refused.
 */
export async function createRouter(ctx: Context, input: NewRouter): Promise<RouterOutcome> {
  const { api_password } = input;
  const sealed = api_password ? ctx.secrets.seal(API_PASSWORD, ctx.tenantId, api_password) : null;
  try {
    const rows = await ctx.tx.$queryRaw<{ id: bigint }[]>`
      INSERT INTO nas (tenant_id, nasname, shortname, name, secret, type, coa_port, coa_address, message_authenticator, api_username, api_password_enc, api_port, api_tls, api_fingerprint, created_at, updated_at)
      VALUES (${ctx.tenantId}, host(${input.address}::inet), ${shortName(input.name)}, ${input.name}, ${input.secret}, ${input.type ?? 'mikrotik'},
              ${input.coa_port ?? 3799}, ${input.coa_address ?? null}::inet, ${input.message_authenticator ?? 'auto'}, ${input.api_username ?? null},
              ${sealed}::bytea, ${input.api_port ?? null}, ${input.api_tls ?? false}, ${input.api_fingerprint ?? null}, ${ctx.now}, ${ctx.now})
      RETURNING id`;
    const id = rows[0]?.id;
    if (id === undefined) throw new Error('The new router has no id.');
    await recordAudit(ctx, 'routers.create', { type: 'nas', id }, { name: input.name, address: input.address });
    return { kind: 'done', id };
  } catch (error) {
    return takenOr(error);
  }
}

/** FreeRADIUS' short name of a client: 32 characters, for its log. */
export function shortName(name: string): string {
  return Array.from(name).slice(0, 32).join('');
}

/** The clash that a unique index found, as an outcome; the transaction is lost by then. @throws any other error */
export function takenOr(error: unknown): RouterOutcome {
  const fault = sqlFault(error);
  if (fault?.state !== '23505') throw error;
  return { kind: /nasname/.test(`${fault.constraint ?? ''} ${fault.message}`) ? 'address_taken' : 'name_taken' };
}
