import type { Context } from '../platform/context';
import type { ProviderName } from './provider';

/** Where an account with a provider is found at fault. */
export type FaultIn = 'prompt' | 'list' | 'addresses';

/** Writes down what a company must repair of its account; undefined: it works, and what was found at fault there before is over. */
export async function noteFault(
  ctx: Context,
  provider: ProviderName,
  where: FaultIn,
  text: string | undefined,
): Promise<void> {
  if (text === undefined)
    await ctx.tx.$executeRaw`
      UPDATE payment_provider SET fault = NULL, fault_at = NULL, fault_in = NULL WHERE tenant_id = ${ctx.tenantId} AND provider = ${provider} AND fault_in = ${where}`;
  else
    await ctx.tx.$executeRaw`
      UPDATE payment_provider SET fault = ${text.slice(0, 300)}, fault_at = lango_now(), fault_in = ${where} WHERE tenant_id = ${ctx.tenantId} AND provider = ${provider}`;
}
