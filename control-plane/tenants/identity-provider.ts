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

/**
 * Takes an OpenID Connect provider into use, after it has shown its discovery document under the issuer's name. An empty secret keeps the one
 * that is there.
 */
export async function saveIdentityProvider(
  ctx: Context,
  input: { issuer: string; client_id: string; client_secret: string; domain: string },
  publicUrl: string,
): Promise<SavedProvider> {
  const before = await identityProvider(ctx);
  if (input.client_secret === '' && !before) return { kind: 'secret_wanted', field: 'client_secret' };
  const there = await discover(
    { issuer: input.issuer, clientId: input.client_id, clientSecret: input.client_secret },
    publicUrl,
  );
  if (!there) return { kind: 'issuer_unreachable', field: 'issuer' };
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
