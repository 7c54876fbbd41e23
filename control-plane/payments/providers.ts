import type { Context } from '../platform/context';
import type { Config } from '../platform/config';
import { familyBank } from './familybank/provider';
import { mpesa } from './mpesa/provider';
import { stripe } from './stripe/provider';
import type { Account, PaymentProvider, ProviderName } from './provider';

const all: Partial<Record<ProviderName, PaymentProvider>> = {
  mpesa: mpesa as PaymentProvider,
  familybank: familyBank as PaymentProvider,
  stripe: stripe as PaymentProvider,
};

/** The provider of that name, where this release has it. */
export const providerOf = (name: string): PaymentProvider | undefined => all[name as ProviderName];
export const providers = (): PaymentProvider[] => Object.values(all);

export const SECRETS_PURPOSE = 'payment_provider.secrets';
const overrides = { mpesa: 'daraja', familybank: 'familybank', stripe: 'stripe' } as const;

/** What a company said of its account, as it is kept. */
export interface KeptSettings {
  settings: Record<string, unknown>;
  secrets_enc: Uint8Array;
}

/** What a company said of its account, secrets included; undefined where it said nothing, or what it said no longer does. */
export async function openSettings<S>(ctx: Context, provider: PaymentProvider<S>): Promise<S | undefined> {
  const [row] = await ctx.tx.$queryRaw<KeptSettings[]>`
    SELECT settings, secrets_enc FROM payment_provider WHERE tenant_id = ${ctx.tenantId} AND provider = ${provider.name}`;
  return row && unsealSettings(ctx, provider, row);
}

/** The same of a row that is read already; undefined where what it says no longer does. */
export function unsealSettings<S>(ctx: Context, provider: PaymentProvider<S>, row: KeptSettings): S | undefined {
  const secrets = JSON.parse(ctx.secrets.open(SECRETS_PURPOSE, ctx.tenantId, row.secrets_enc)) as object;
  const parsed = provider.settings.safeParse({ ...row.settings, ...secrets });
  return parsed.success ? parsed.data : undefined;
}

/** The account to call a provider with. */
export async function openAccount(
  ctx: Context,
  provider: PaymentProvider,
  urls: Config['urls'],
): Promise<Account | undefined> {
  const settings = await openSettings(ctx, provider);
  if (settings === undefined) return undefined;
  return {
    tenantId: ctx.tenantId,
    settings,
    baseUrl: urls[overrides[provider.name]] ?? provider.baseUrl(settings),
  };
}
