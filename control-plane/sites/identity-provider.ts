import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { discover } from '../staff';
import type { ProviderChange } from './schema';

const PURPOSE = 'site.identity_provider';

/** An OpenID Connect provider that guests of a site sign in at, with what Lango shows it. */
export interface IdentityProvider {
  name: string;
  issuer: string;
  clientId: string;
  clientSecret: string;
}

export type SavedProvider =
  | { kind: 'saved' }
  | { kind: 'not_found' }
  | { kind: 'issuer_unreachable'; field: 'issuer' }
  | { kind: 'secret_wanted'; field: 'client_secret' };

/**
 * The hosts that a browser meets at the provider, if it shows its discovery document under the issuer's name. It may take eight seconds to say nothing: not within
 * a transaction.
 */
export async function hostsOfProvider(wanted: ProviderChange, publicUrl: string): Promise<string[] | undefined> {
  const { issuer, client_id: clientId, client_secret: clientSecret } = wanted;
  const config = await discover({ issuer, clientId, clientSecret }, publicUrl);
  const page = config?.serverMetadata().authorization_endpoint;
  if (page === undefined || !URL.canParse(page)) return undefined;
  return [...new Set([new URL(issuer).hostname, new URL(page).hostname])];
}

/**
 * Takes a provider into use for a site, after it has answered with its `hosts`. An empty secret keeps the one that is there, of the same issuer and client alone:
 * no other is ever told it.
 */
export async function saveIdentityProvider(
  ctx: Context,
  siteId: bigint,
  wanted: ProviderChange,
  hosts: string[] | undefined,
): Promise<SavedProvider> {
  const [site] = await ctx.tx.$queryRaw<{ issuer: string | null; client_id: string | null }[]>`
    SELECT i.issuer, i.client_id FROM site s LEFT JOIN site_identity_provider i ON i.site_id = s.id WHERE s.id = ${siteId} AND s.tenant_id = ${ctx.tenantId} FOR UPDATE OF s`;
  if (!site) return { kind: 'not_found' };
  const { name, issuer, client_id } = wanted;
  const same = site.issuer === issuer && site.client_id === client_id;
  if (wanted.client_secret === '' && !same) return { kind: 'secret_wanted', field: 'client_secret' };
  if (!hosts) return { kind: 'issuer_unreachable', field: 'issuer' };
  const sealed = wanted.client_secret === '' ? null : ctx.secrets.seal(PURPOSE, ctx.tenantId, wanted.client_secret);
  const all = [...new Set([...hosts, ...wanted.hosts])].slice(0, 20);
  await ctx.tx.$executeRaw`
    INSERT INTO site_identity_provider AS p (site_id, tenant_id, name, issuer, client_id, client_secret_enc, hosts, updated_at)
    VALUES (${siteId}, ${ctx.tenantId}, ${name}, ${issuer}, ${client_id}, coalesce(${sealed}::bytea, ''::bytea), ${all}, ${ctx.now})
    ON CONFLICT (site_id) DO UPDATE SET name = excluded.name, issuer = excluded.issuer, client_id = excluded.client_id, hosts = excluded.hosts,
      client_secret_enc = coalesce(${sealed}::bytea, p.client_secret_enc), updated_at = excluded.updated_at`;
  await recordAudit(ctx, 'sites.identity', { type: 'site', id: siteId }, { name, issuer, client_id, hosts: all });
  return { kind: 'saved' };
}

/** Nobody signs in there any more; who is online stays. A trial for those who signed in is then each device's. */
export async function removeIdentityProvider(ctx: Context, siteId: bigint): Promise<'done' | 'not_found'> {
  const gone = await ctx.tx.$executeRaw`
    DELETE FROM site_identity_provider WHERE site_id = ${siteId} AND tenant_id = ${ctx.tenantId}`;
  if (gone === 0) return 'not_found';
  await ctx.tx
    .$executeRaw`UPDATE site SET trial_once_per = 'device' WHERE id = ${siteId} AND trial_once_per = 'identity'`;
  await recordAudit(ctx, 'sites.identity_off', { type: 'site', id: siteId });
  return 'done';
}

/** The provider of a site, with its secret. */
export async function openIdentityProvider(ctx: Context, siteId: bigint): Promise<IdentityProvider | undefined> {
  const [row] = await ctx.tx.$queryRaw<
    { name: string; issuer: string; client_id: string; client_secret_enc: Uint8Array }[]
  >`SELECT name, issuer, client_id, client_secret_enc FROM site_identity_provider WHERE site_id = ${siteId} AND tenant_id = ${ctx.tenantId}`;
  return (
    row && {
      name: row.name,
      issuer: row.issuer,
      clientId: row.client_id,
      clientSecret: ctx.secrets.open(PURPOSE, ctx.tenantId, row.client_secret_enc),
    }
  );
}
