import { z } from 'zod';
import { hookAddress } from '../hooks';
import { systemActor, type Context } from '../platform/context';
import { idField } from '../platform/http/input';
import type { TaskTools } from '../platform/jobs/task';
import { darajaPullRegister, darajaRegister } from './mpesa/daraja';
import { darajaAccount, type MpesaSettings } from './mpesa/settings';
import { mpesa } from './mpesa/provider';
import { noteFault } from './note-fault';
import type { ProviderName } from './provider';
import { openAccount } from './providers';
import { keepSecret } from './save-provider';
import { stripe } from './stripe/provider';
import { registerEndpoint } from './stripe/register-endpoint';
import type { StripeSettings } from './stripe/settings';

const payload = z.object({ tenant: idField, provider: z.string() });
/** Words that Safaricom refuses anywhere in an address. */
const FORBIDDEN = /m-?pesa|safaricom|exec?|cmd|cme|sql|query|ngrok|mockbin|requestbin/i;

/** Tells a provider where it is to call: Stripe its events, Safaricom payments made by hand. Done once for a shortcode; why it failed stands on the settings page. */
export async function registerUrls(given: unknown, tools: TaskTools): Promise<void> {
  const { tenant, provider } = payload.parse(given);
  if (provider === 'stripe') return registerStripe(tenant, tools);
  if (provider !== 'mpesa') return;
  const opening = { tenantId: tenant, actor: systemActor('payments'), requestId: 'payments.register' };
  const found = await tools.db.inTenant(opening, async (ctx) => {
    const [row] = await ctx.tx.$queryRaw<{ done: boolean }[]>`
      SELECT registered_at IS NOT NULL AS done FROM payment_provider WHERE tenant_id = ${tenant} AND provider = 'mpesa'`;
    const account = await openAccount(ctx, mpesa as never, tools.urls);
    if (!row || row.done || !account) return undefined;
    const at = (kind: string) => hookAddress(ctx, tools.publicUrl, { kind, account: 'mpesa' });
    return { account, confirmation: await at('paid'), validation: await at('check') };
  });
  if (!found) return;
  const settings = found.account.settings as MpesaSettings;
  const fault = addressFault(tools.publicUrl, settings) ?? (await register(settings, found));
  await tools.db.inTenant(opening, (ctx) => note(ctx, fault));
}

function addressFault(publicUrl: string, { environment }: MpesaSettings): string | undefined {
  if (environment === 'sandbox') return undefined;
  if (!publicUrl.startsWith('https:'))
    return `Safaricom calls https addresses alone, and LANGO_PUBLIC_URL is ${publicUrl}.`;
  return FORBIDDEN.test(publicUrl)
    ? `Safaricom refuses addresses with that word: ${FORBIDDEN.exec(publicUrl)?.[0]}. Serve Lango under another name.`
    : undefined;
}

async function register(
  settings: MpesaSettings,
  { account, confirmation, validation }: { account: { baseUrl: string }; confirmation: string; validation: string },
): Promise<string | undefined> {
  const daraja = darajaAccount(settings, account.baseUrl);
  const ifSilent = settings.refuse_unknown_accounts ? 'Cancelled' : 'Completed';
  const told = await darajaRegister(daraja, { confirmation, validation }, ifSilent);
  // In service the second time is refused: the addresses stand already.
  const stands = told.kind === 'ok' || (told.kind === 'refused' && /already registered/i.test(told.text));
  if (!stands) return `The addresses for payments made by hand could not be registered: ${told.text}`;
  if (!settings.nominated_phone) return undefined;
  const listed = await darajaPullRegister(daraja, settings.nominated_phone, confirmation);
  return listed.kind === 'ok' ? undefined : `The list of payments could not be registered for: ${listed.text}`;
}

/** The secret that Stripe makes for its endpoint is told once, and kept. */
async function registerStripe(tenant: bigint, tools: TaskTools): Promise<void> {
  const opening = { tenantId: tenant, actor: systemActor('payments'), requestId: 'payments.register' };
  const found = await tools.db.inTenant(opening, async (ctx) => {
    const account = await openAccount(ctx, stripe as never, tools.urls);
    const url = await hookAddress(ctx, tools.publicUrl, { kind: stripe.hook, account: stripe.name });
    return account && { account, url };
  });
  if (!found) return;
  const told = await registerEndpoint(found.account.settings as StripeSettings, found.account.baseUrl, found.url);
  await tools.db.inTenant(opening, async (ctx) => {
    if (told.kind === 'done' && told.secret !== undefined)
      await keepSecret(ctx, stripe as never, 'webhook_secret', told.secret);
    await note(ctx, told.kind === 'fault' ? told.text : undefined, 'stripe');
  });
}

async function note(ctx: Context, fault: string | undefined, provider: ProviderName = 'mpesa'): Promise<void> {
  await noteFault(ctx, provider, 'addresses', fault);
  if (fault === undefined)
    await ctx.tx
      .$executeRaw`UPDATE payment_provider SET registered_at = lango_now() WHERE tenant_id = ${ctx.tenantId} AND provider = ${provider}`;
}
