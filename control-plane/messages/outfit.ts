import type { Context } from '../platform/context';
import type { Locale } from '../platform/i18n';
import { isProvider, ACCOUNT_PURPOSE, type Account, type Provider } from './accounts';
import { isMessageKind, type Channel, type MessageKind } from './catalogue';
import { defaultWords, type Words } from './default-words';

export interface OutfitAccount {
  provider: Provider;
  channel: Channel;
  account: Account;
  /** Where it is told, with each message, to report to. */
  reportUrl?: string | undefined;
}

/** All that is needed to send for one company. */
export interface Outfit {
  company: string;
  zone: string;
  currency: string;
  now: Date;
  /** The word in the addresses of its public pages. */
  slug: string;
  /** It can have a customer's phone rung for money. */
  rings: boolean;
  /** In the order in which they are asked. */
  accounts: OutfitAccount[];
  /** The company's own words, else those that are shipped. */
  words(kind: MessageKind, channel: Channel, locale: Locale): Words;
}

interface Row {
  name: string;
  timezone: string;
  currency: string;
  slug: string;
  rings: boolean;
  accounts: { provider: string; channel: Channel; settings: Account; secrets: string | null }[];
  templates: { kind: string; channel: Channel; locale: Locale; subject: string | null; body: string }[];
}

/** Reads what a company sends with: one statement. A carrier that is told with each message where to report to gets its address. An account whose secrets do not open (another master key) is left out and logged. */
export async function readOutfit(ctx: Context): Promise<Outfit> {
  const [row] = await ctx.tx.$queryRaw<Row[]>`
    SELECT t.name, t.timezone, t.currency, t.slug,
      EXISTS (SELECT FROM payment_provider k WHERE k.tenant_id = t.id AND k.provider IN ('mpesa', 'familybank')) AS rings,
      coalesce((SELECT jsonb_agg(jsonb_build_object('provider', p.provider, 'channel', p.channel, 'settings', p.settings, 'secrets', encode(p.secrets_enc, 'base64'))
                ORDER BY p.position, p.provider) FROM message_provider p WHERE p.enabled), '[]') AS accounts,
      coalesce((SELECT jsonb_agg(jsonb_build_object('kind', w.kind, 'channel', w.channel, 'locale', w.locale, 'subject', w.subject, 'body', w.body)) FROM message_template w), '[]') AS templates
    FROM tenant t WHERE t.id = ${ctx.tenantId}`;
  if (!row) throw new Error(`Company ${ctx.tenantId} is not to be seen.`);
  const own = new Map(row.templates.map((one) => [`${one.kind} ${one.channel} ${one.locale}`, one]));
  return {
    company: row.name,
    zone: row.timezone,
    currency: row.currency,
    now: ctx.now,
    slug: row.slug,
    rings: row.rings,
    accounts: row.accounts.flatMap((one) => openAccount(ctx, one)),
    words: (kind, channel, locale) => own.get(`${kind} ${channel} ${locale}`) ?? defaultWords(kind, channel, locale),
  };
}

function openAccount(ctx: Context, row: Row['accounts'][number]): OutfitAccount[] {
  const { provider, channel, settings, secrets } = row;
  if (!isProvider(provider)) return [];
  try {
    const opened =
      secrets === null
        ? {}
        : (JSON.parse(ctx.secrets.open(ACCOUNT_PURPOSE, ctx.tenantId, Buffer.from(secrets, 'base64'))) as Account);
    return [{ provider, channel, account: { ...settings, ...opened } }];
  } catch (error) {
    ctx.log.error({ err: error, provider }, 'the secrets of a message provider do not open');
    return [];
  }
}

export const kindOrNotice = (kind: string): MessageKind => (isMessageKind(kind) ? kind : 'notice');
