import type { Context } from '../platform/context';
import { ACCOUNT_PURPOSE, channelOf, providers, secretNames, type Account, type Provider } from './accounts';
import type { Channel } from './catalogue';

/** A company's account with a provider as people may see it: secrets are told to be there, never what they are. */
export interface AccountSeen {
  provider: Provider;
  channel: Channel;
  configured: boolean;
  enabled: boolean;
  position: number;
  settings: Account;
  /** Names of the secrets that are kept. */
  secrets: string[];
  fault: string | null;
  fault_at: Date | null;
  version: number;
}

interface Row {
  provider: Provider;
  enabled: boolean;
  position: number;
  settings: Account;
  secrets_enc: Uint8Array | null;
  fault: string | null;
  fault_at: Date | null;
  version: number;
}

/** All providers there are, with what the company has told of each; SMS first, then in the order in which they are asked. */
export async function listAccounts(ctx: Context): Promise<AccountSeen[]> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT provider, enabled, position, settings, secrets_enc, fault, fault_at, version FROM message_provider`;
  return providers.map((provider) => {
    const row = rows.find((one) => one.provider === provider);
    const there = row ? openSecrets(ctx, row.secrets_enc) : {};
    return {
      provider,
      channel: channelOf(provider),
      configured: row !== undefined,
      enabled: row?.enabled ?? false,
      position: row?.position ?? 1,
      settings: row?.settings ?? {},
      secrets: secretNames(provider).filter((name) => there[name] !== undefined),
      fault: row?.fault ?? null,
      fault_at: row?.fault_at ?? null,
      version: row?.version ?? 0,
    };
  });
}

export async function findAccount(ctx: Context, provider: Provider): Promise<AccountSeen> {
  const found = (await listAccounts(ctx)).find((one) => one.provider === provider);
  if (!found) throw new Error(`There is no provider ${provider}.`);
  return found;
}

/** Opened secrets; none when they were sealed under another master key, so that they can be entered anew. */
export function openSecrets(ctx: Context, sealed: Uint8Array | null): Account {
  if (sealed === null) return {};
  try {
    return JSON.parse(ctx.secrets.open(ACCOUNT_PURPOSE, ctx.tenantId, sealed)) as Account;
  } catch {
    return {};
  }
}
