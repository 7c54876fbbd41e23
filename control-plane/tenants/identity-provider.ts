import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { discover } from '../staff';

const PURPOSE = 'tenant.identity_provider';

export interface ProviderView {
  issuer: string;
  client_id: string;
  domain: string;
}

/** The company's identity provider, without its secret. */
export async function identityProvider(ctx: Context): Promise<ProviderView | undefined> {
  const [row] = await ctx.tx.$queryRaw<
    ProviderView[]
  >`SELECT issuer, client_id, domain FROM tenant_identity_provider WHERE tenant_id = ${ctx.tenantId}`;
  return row;
}

export type SavedProvider =
  | { kind: 'saved' }
  | { kind: 'issuer_unreachable'; field: 'issuer' }
  | { kind: 'secret_wanted'; field: 'client_secret' }
  | { kind: 'domain_taken'; field: 'domain' };

type Wanted = { issuer: string; client_id: string; client_secret: string; domain: string };

/** Whether the provider shows its discovery document under the issuer's name. It may take eight seconds to say nothing: not within a transaction. */
export async function answersAs(wanted: Wanted, publicUrl: string): Promise<boolean> {
  const { issuer, client_id: clientId, client_secret: clientSecret } = wanted;
  return (await discover({ issuer, clientId, clientSecret }, publicUrl)) !== undefined;
}

/**
 * Takes an OpenID Connect provider into use, after it has answered (`answersAs`). An empty secret keeps the one that is there, of the same issuer and client
 * alone: no other is ever told it.
 */
export async function saveIdentityProvider(ctx: Context, input: Wanted, answers: boolean): Promise<SavedProvider> {
  const before = await identityProvider(ctx);
  const same = before?.issuer === input.issuer && before.client_id === input.client_id;
  if (input.client_secret === '' && !same) return { kind: 'secret_wanted', field: 'client_secret' };
  if (!answers) return { kind: 'issuer_unreachable', field: 'issuer' };
  const sealed = input.client_secret === '' ? null : ctx.secrets.seal(PURPOSE, ctx.tenantId, input.client_secret);
  const taken = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM tenants_identity_provider(${input.domain}) p WHERE p.tenant_id <> ${ctx.tenantId}`;
  if (taken.length > 0) return { kind: 'domain_taken', field: 'domain' };
  await ctx.tx.$executeRaw`
    INSERT INTO tenant_identity_provider (tenant_id, issuer, client_id, client_secret_enc, domain)
    VALUES (${ctx.tenantId}, ${input.issuer}, ${input.client_id}, coalesce(${sealed}::bytea, ''::bytea), ${input.domain})
    ON CONFLICT (tenant_id) DO UPDATE SET issuer = excluded.issuer, client_id = excluded.client_id, domain = excluded.domain, updated_at = now(),
      client_secret_enc = coalesce(${sealed}::bytea, tenant_identity_provider.client_secret_enc)`;
  const { issuer, client_id, domain } = input;
  await recordAudit(
    ctx,
    'tenants.identity_provider',
    { type: 'tenant', id: ctx.tenantId },
    { issuer, client_id, domain },
  );
  return { kind: 'saved' };
}

/** Signing in from there ends; passwords and passkeys work as before. */
export async function removeIdentityProvider(ctx: Context): Promise<void> {
  await ctx.tx.$executeRaw`DELETE FROM tenant_identity_provider WHERE tenant_id = ${ctx.tenantId}`;
  await recordAudit(ctx, 'tenants.identity_provider_off', { type: 'tenant', id: ctx.tenantId });
}
