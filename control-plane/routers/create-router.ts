import { randomBytes } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { sqlFault } from '../platform/db/faults';
import type { NewRouter } from './schema';

export type RouterOutcome =
  | { kind: 'done'; id: bigint }
  | { kind: 'not_found' }
  | { kind: 'changed_meanwhile' }
  | { kind: 'name_taken' }
  | { kind: 'address_taken' }
  /** Routers behind one address share secret, make and policy. */
  | { kind: 'shared_differs' }
  /** Its secrets are being replaced (control-plane/rotation): until then they, its address and its API user stay. */
  | { kind: 'rotating' };

/** Where a router's API password is sealed (platform/crypto.ts). */
export const API_PASSWORD = 'nas.api_password';

/**
 * Takes in a router: from now on its address speaks for this company, in FreeRADIUS and the listener within 2 s.
 * One source address means one secret and one company, so an address that another company uses is refused, and one of this company's unless the routers
 * behind it are told apart by realms. With `radsec` it is known by the
 * certificates that it is issued, and its address is a loopback address that says so.
 */
export async function createRouter(ctx: Context, input: NewRouter): Promise<RouterOutcome> {
  const { api_password } = input;
  const address = input.address ?? (await certificateAddress(ctx));
  // Of a router without an address nobody is told the secret: it has no use.
  const secret = input.secret ?? randomBytes(24).toString('base64url');
  const sealed = api_password ? ctx.secrets.seal(API_PASSWORD, ctx.tenantId, api_password) : null;
  try {
    const rows = await ctx.tx.$queryRaw<{ id: bigint }[]>`
      INSERT INTO nas (tenant_id, nasname, shortname, name, secret, type, coa_port, coa_address, realm, message_authenticator, api_username, api_password_enc, api_port, api_tls, api_fingerprint, created_at, updated_at)
      VALUES (${ctx.tenantId}, host(${address}::inet), ${shortName(input.name)}, ${input.name}, ${secret}, ${input.type ?? 'mikrotik'},
              ${input.coa_port ?? 3799}, ${input.coa_address ?? null}::inet, ${input.realm ?? null}, ${input.message_authenticator ?? 'auto'}, ${input.api_username ?? null},
              ${sealed}::bytea, ${input.api_port ?? null}, ${input.api_tls ?? false}, ${input.api_fingerprint ?? null}, ${ctx.now}, ${ctx.now})
      RETURNING id`;
    const id = rows[0]?.id;
    if (id === undefined) throw new Error('The new router has no id.');
    await recordAudit(ctx, 'routers.create', { type: 'nas', id }, { name: input.name, address });
    return { kind: 'done', id };
  } catch (error) {
    return takenOr(error);
  }
}

async function certificateAddress(ctx: Context): Promise<string> {
  const [row] = await ctx.tx.$queryRaw<{ address: string }[]>`SELECT host(radsec_next_address()) AS address`;
  if (!row) throw new Error('There is no address for a router with a certificate.');
  return row.address;
}

/** FreeRADIUS' short name of a client: 32 characters, for its log. */
export function shortName(name: string): string {
  return Array.from(name).slice(0, 32).join('');
}

/** The clash that a unique index found, as an outcome; the transaction is lost by then. @throws any other error */
export function takenOr(error: unknown): RouterOutcome {
  const fault = sqlFault(error);
  if (fault?.state !== '23505') throw error;
  if (fault.constraint === 'nas_shared_address') return { kind: 'shared_differs' };
  return { kind: /nasname/.test(`${fault.constraint ?? ''} ${fault.message}`) ? 'address_taken' : 'name_taken' };
}
