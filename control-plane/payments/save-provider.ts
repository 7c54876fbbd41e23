import { recordAudit } from '../audit';
import { hookAddress } from '../hooks';
import type { Context } from '../platform/context';
import { fieldsOf } from '../platform/http/input';
import type { PaymentProvider } from './provider';
import { SECRETS_PURPOSE } from './providers';

/** A company's account with a provider as it may be seen: what is secret is named and never told. */
export interface ProviderSeen {
  provider: string;
  configured: boolean;
  settings: Record<string, unknown>;
  /** Names of the secrets that are kept. */
  secrets: string[];
  per_second: number;
  fault: string | null;
  fault_at: string | null;
  registered_at: string | null;
  listed_at: string | null;
  version: number;
}

interface Row {
  settings: Record<string, unknown>;
  secrets_enc: Uint8Array;
  per_second: number;
  fault: string | null;
  fault_at: Date | null;
  registered_at: Date | null;
  listed_at: Date | null;
  version: number;
}

async function readRow(ctx: Context, name: string): Promise<Row | undefined> {
  const [row] = await ctx.tx.$queryRaw<Row[]>`
    SELECT settings, secrets_enc, per_second, fault, fault_at, registered_at, listed_at, version FROM payment_provider
    WHERE tenant_id = ${ctx.tenantId} AND provider = ${name}`;
  return row;
}

const secretsOf = (ctx: Context, row: Row | undefined): Record<string, unknown> =>
  row ? (JSON.parse(ctx.secrets.open(SECRETS_PURPOSE, ctx.tenantId, row.secrets_enc)) as Record<string, unknown>) : {};

/** The account as it may be seen. */
export async function seeProvider(ctx: Context, provider: PaymentProvider): Promise<ProviderSeen> {
  const row = await readRow(ctx, provider.name);
  return {
    provider: provider.name,
    configured: row !== undefined,
    settings: row?.settings ?? {},
    secrets: row ? [...provider.secrets].filter((name) => name in secretsOf(ctx, row)) : [],
    per_second: row?.per_second ?? 5,
    fault: row?.fault ?? null,
    fault_at: row?.fault_at?.toISOString() ?? null,
    registered_at: row?.registered_at?.toISOString() ?? null,
    listed_at: row?.listed_at?.toISOString() ?? null,
    version: row?.version ?? 0,
  };
}

export type SaveOutcome = { kind: 'done' } | { kind: 'invalid'; fields: Record<string, string> };

/** Keeps what a company says of its account. A secret that is left out or empty stays as it was. */
export async function saveProvider(
  ctx: Context,
  provider: PaymentProvider,
  given: Record<string, unknown>,
): Promise<SaveOutcome> {
  const row = await readRow(ctx, provider.name);
  const { per_second, ...rest } = given;
  const kept = secretsOf(ctx, row);
  const merged = { ...rest };
  for (const name of provider.secrets) if (merged[name] === undefined || merged[name] === '') merged[name] = kept[name];
  const parsed = provider.settings.safeParse(merged);
  if (!parsed.success) return { kind: 'invalid', fields: fieldsOf(parsed.error) };
  const rate = per_second === undefined ? (row?.per_second ?? 5) : Number(per_second);
  if (!Number.isInteger(rate) || rate < 1 || rate > 100)
    return { kind: 'invalid', fields: { per_second: 'must be a whole number from 1 to 100' } };
  const all = Object.entries(parsed.data as Record<string, unknown>);
  const open = Object.fromEntries(all.filter(([name]) => !provider.secrets.includes(name)));
  const secret = Object.fromEntries(all.filter(([name]) => provider.secrets.includes(name)));
  const sealed = ctx.secrets.seal(SECRETS_PURPOSE, ctx.tenantId, JSON.stringify(secret));
  await ctx.tx.$executeRaw`
    INSERT INTO payment_provider AS p (tenant_id, provider, settings, secrets_enc, per_second)
    VALUES (${ctx.tenantId}, ${provider.name}, ${JSON.stringify(open)}::jsonb, ${sealed}, ${rate})
    ON CONFLICT (tenant_id, provider) DO UPDATE SET settings = excluded.settings, secrets_enc = excluded.secrets_enc, per_second = excluded.per_second, fault = NULL, fault_at = NULL, fault_in = NULL,
      registered_at = CASE WHEN p.settings -> 'shortcode' = excluded.settings -> 'shortcode' AND p.settings -> 'environment' = excluded.settings -> 'environment' THEN p.registered_at END,
      updated_at = lango_now(), version = p.version + 1`;
  await hookAddress(ctx, '', { kind: provider.hook, account: provider.name });
  await recordAudit(
    ctx,
    'payments.set_up',
    { type: 'payment_provider', id: provider.name },
    { provider: provider.name, changed: Object.keys(rest).filter((name) => !provider.secrets.includes(name)) },
  );
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('payments.register', json_build_object('tenant', ${ctx.tenantId.toString()}::text, 'provider', ${provider.name}::text))`;
  return { kind: 'done' };
}

/** Keeps one more secret of an account that stands: one that its provider made. */
export async function keepSecret(ctx: Context, provider: PaymentProvider, name: string, value: string): Promise<void> {
  await ctx.tx.$executeRaw`
    SELECT FROM payment_provider WHERE tenant_id = ${ctx.tenantId} AND provider = ${provider.name} FOR UPDATE`;
  const kept = secretsOf(ctx, await readRow(ctx, provider.name));
  const sealed = ctx.secrets.seal(SECRETS_PURPOSE, ctx.tenantId, JSON.stringify({ ...kept, [name]: value }));
  await ctx.tx.$executeRaw`
    UPDATE payment_provider SET secrets_enc = ${sealed}, updated_at = lango_now() WHERE tenant_id = ${ctx.tenantId} AND provider = ${provider.name}`;
}
