import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { fieldsOf } from '../platform/http/input';
import { openSecrets } from './account.queries';
import { ACCOUNT_PURPOSE, formOf, secretNames, type Account, type Provider } from './accounts';

const common = z.object({
  enabled: z.boolean('must be true or false').default(true),
  position: z.coerce.number('must be a whole number').int().min(1).max(9).default(1),
  /** Where it is given, the account must still be as it was read. */
  version: z.coerce.number().int().optional(),
});

export type SavedAccount =
  { kind: 'done' } | { kind: 'invalid'; fields: Record<string, string> } | { kind: 'changed_meanwhile' };

/**
 * Takes a company's account with a provider: its settings beside each other with its secrets. A secret that is left out or empty stays what it was, for
 * the same server; what is given is sealed and never told again.
 */
export async function saveAccount(
  ctx: Context,
  provider: Provider,
  input: Record<string, unknown>,
): Promise<SavedAccount> {
  const [row] = await ctx.tx.$queryRaw<{ settings: Account; secrets_enc: Uint8Array | null; version: number }[]>`
    SELECT settings, secrets_enc, version FROM message_provider WHERE provider = ${provider} FOR UPDATE`;
  const kept = openSecrets(ctx, row?.secrets_enc ?? null);
  const names = secretNames(provider);
  const given: Account = Object.fromEntries(
    names.map((name) => [name, input[name] === undefined || input[name] === '' ? kept[name] : input[name]]),
  );
  const form = formOf(provider);
  const head = common.safeParse(input);
  const settings = form.settings.safeParse(input);
  const secrets = form.secrets.safeParse(given);
  if (!head.success || !settings.success || !secrets.success) {
    const faults = [head, settings, secrets].flatMap((one) => (one.error ? [fieldsOf(one.error)] : []));
    return { kind: 'invalid', fields: Object.assign({}, ...faults) as Record<string, string> };
  }
  // Whoever names another server would be told the password that was meant for this one.
  const host = (account: Account) => account['host'];
  if (row && host(row.settings) !== host(settings.data) && kept['password'] !== undefined && !input['password'])
    return { kind: 'invalid', fields: { password: 'is needed again: the server is another one' } };
  const { enabled, position, version } = head.data;
  if (version !== undefined && version !== (row?.version ?? 0)) return { kind: 'changed_meanwhile' };
  const sealed = ctx.secrets.seal(ACCOUNT_PURPOSE, ctx.tenantId, JSON.stringify(secrets.data));
  await ctx.tx.$executeRaw`
    INSERT INTO message_provider AS p (tenant_id, provider, enabled, position, settings, secrets_enc)
    VALUES (${ctx.tenantId}, ${provider}, ${enabled}, ${position}, ${JSON.stringify(settings.data)}::jsonb, ${sealed})
    ON CONFLICT (tenant_id, provider) DO UPDATE SET enabled = excluded.enabled, position = excluded.position, settings = excluded.settings,
      secrets_enc = excluded.secrets_enc, fault = NULL, fault_at = NULL, updated_at = ${ctx.now}, version = p.version + 1`;
  await recordAudit(
    ctx,
    'messages.save_account',
    { type: 'message_provider', id: provider },
    {
      enabled,
      position,
      ...settings.data,
      new_secrets: names.filter((name) => input[name] !== undefined && input[name] !== ''),
    },
  );
  return { kind: 'done' };
}

/** Forgets an account with its secrets. */
export async function removeAccount(ctx: Context, provider: Provider): Promise<'done' | 'not_found'> {
  const gone = await ctx.tx.$executeRaw`DELETE FROM message_provider WHERE provider = ${provider}`;
  if (gone === 0) return 'not_found';
  await recordAudit(ctx, 'messages.remove_account', { type: 'message_provider', id: provider });
  return 'done';
}
