import { setTimeout as sleep } from 'node:timers/promises';
import type { JobHelpers } from 'graphile-worker';
import { hookAddress } from '../hooks';
import { invoiceFile } from '../invoices';
import { systemActor, type Context } from '../platform/context';
import { oneRound } from '../platform/jobs/one-round';
import type { TaskTools } from '../platform/jobs/task';
import { asLocale } from '../ui';
import { carrierOf } from './carriers';
import { kindOf, type Channel, type MessageValues } from './catalogue';
import { compose, type Composed } from './compose';
import { VALUES_PURPOSE } from './enqueue-message';
import { kindOrNotice, readOutfit, type Outfit, type OutfitAccount } from './outfit';
import { CARRIER_TIMEOUT_MS, type Attachment, type Sent } from './providers/carrier';

/** Seconds to the next try after the first, second, … that certainly did not arrive: seven tries in a day and a half. */
export const RETRY_AFTER_S = [20, 60, 300, 1_800, 14_400, 86_400] as const;
/** What a person of the company must repair is not asked for every few seconds. */
const REPAIR_S = 600;
const AT_ONCE = 16;
/** Of one company: where its carrier lets us wait, the others are sent meanwhile. */
const OF_ONE = 8;

interface Claimed {
  id: string;
  tenant_id: string;
  kind: string;
  channel: Channel;
  recipient: string;
  locale: string;
  data: MessageValues;
  data_enc: Buffer | null;
  words: string | null;
  tries: number;
}

const round = oneRound(drain);

/** Sends what is due, until nothing is, a few at once; one round at a time in a process. What a process leaves behind falls free after two minutes. */
export const sendDue = (helpers: JobHelpers, tools: TaskTools): Promise<void> => round(helpers, tools);

async function drain(helpers: JobHelpers, tools: TaskTools): Promise<void> {
  const running = new Set<Promise<void>>();
  const held = new Map<string, number>();
  // For this round: a change of settings counts from the next.
  const outfits = new Map<string, Promise<Outfit>>();
  for (;;) {
    const claimed = helpers.abortSignal?.aborted ? [] : await claim(helpers, AT_ONCE - running.size, held);
    for (const one of claimed) {
      hold(held, one.tenant_id, 1);
      const sent = deliver(helpers, tools, outfits, one)
        .catch((error: unknown) => tools.log.error({ err: error, message: one.id }, 'message not sent'))
        .finally(() => {
          hold(held, one.tenant_id, -1);
          running.delete(sent);
        });
      running.add(sent);
    }
    if (running.size === 0) return;
    await Promise.race(running);
  }
}

/** Counts how many messages of each company are with us. */
function hold(held: Map<string, number>, tenant: string, more: 1 | -1): void {
  const now = (held.get(tenant) ?? 0) + more;
  if (now > 0) held.set(tenant, now);
  else held.delete(tenant);
}

async function claim(helpers: JobHelpers, limit: number, held: ReadonlyMap<string, number>): Promise<Claimed[]> {
  if (limit < 1) return [];
  const { rows } = await helpers.query<Claimed>('SELECT * FROM message_claim($1, $2, $3)', [
    limit,
    OF_ONE,
    JSON.stringify(Object.fromEntries(held)),
  ]);
  return rows;
}

async function deliver(
  helpers: JobHelpers,
  tools: TaskTools,
  outfits: Map<string, Promise<Outfit>>,
  one: Claimed,
): Promise<void> {
  const outfit = await outfitOf(tools, outfits, one);
  const values = valuesOf(tools, one);
  // Sealed under another master key, or damaged: no later try opens it either.
  if (!values) return record(helpers, one, undefined, undefined, { kind: 'refused', error: 'sealed', detail: '' }, 0);
  const composed = composeFor(outfit, one, { pay: payAddress(outfit, tools.publicUrl), ...values });
  const accounts = outfit.accounts.filter(({ channel }) => channel === one.channel);
  if (one.channel === 'email' && accounts.length === 0 && tools.urls.smtp !== undefined)
    accounts.push(relayAccount(tools, outfit));
  if (accounts.length === 0)
    return record(helpers, one, composed, undefined, { kind: 'refused', error: 'no_provider', detail: '' }, 0);
  const files = await filesOf(tools, one);
  const { rows } = await helpers.query<{ mine: boolean }>('SELECT message_begin($1) AS mine', [one.id]);
  if (!rows[0]?.mine) return;
  for (const [at, account] of accounts.entries()) {
    const began = performance.now();
    const sent = await call(tools, account, one, composed, files);
    const ms = Math.round(performance.now() - began);
    if (sent.kind !== 'again' || at === accounts.length - 1) return record(helpers, one, composed, account, sent, ms);
    await helpers.query('SELECT message_passed_on($1, $2, $3, $4, $5)', [
      one.id,
      account.provider,
      ms,
      sent.error,
      sent.detail,
    ]);
  }
}

function call(
  tools: TaskTools,
  account: OutfitAccount,
  one: Claimed,
  { subject, text, html }: Composed,
  files: readonly Attachment[],
): Promise<Sent> {
  const carrier = carrierOf(account, {
    urls: tools.urls,
    reportUrl: account.reportUrl,
    networks: tools.insecureWebhookNetworks,
    timeoutMs: CARRIER_TIMEOUT_MS,
  });
  return carrier({ id: one.id, to: one.recipient, subject, text, html, files });
}

/** How long a number may be in coming, which it does within a second, before the message is left for a later round. */
const NUMBER_TRIES = 40;
const NUMBER_WAIT_MS = 250;

/** An e-mail about an invoice brings it along. @throws where that has no number for long: the message is then taken up again */
async function filesOf(tools: TaskTools, one: Claimed): Promise<Attachment[]> {
  const invoice = one.channel === 'email' ? one.data['invoice'] : undefined;
  if (typeof invoice !== 'string') return [];
  const opening = { tenantId: BigInt(one.tenant_id), actor: systemActor('messages'), requestId: `message-${one.id}` };
  for (let tries = 0; tries < NUMBER_TRIES; tries += 1) {
    const file = await tools.db.inTenant(opening, (ctx) => invoiceFile(ctx, BigInt(invoice), asLocale(one.locale)));
    if (file) return [file];
    await sleep(NUMBER_WAIT_MS);
  }
  throw new Error(`invoice ${invoice} has no number yet`);
}

function outfitOf(tools: TaskTools, outfits: Map<string, Promise<Outfit>>, one: Claimed): Promise<Outfit> {
  const found =
    outfits.get(one.tenant_id) ??
    tools.db.inTenant(
      { tenantId: BigInt(one.tenant_id), actor: systemActor('messages'), requestId: `message-${one.id}` },
      (ctx) => withReports(ctx, tools.publicUrl),
    );
  outfits.set(one.tenant_id, found);
  return found;
}

/** Twilio is told with each message where to report to; the others by a person, once. */
async function withReports(ctx: Context, publicUrl: string): Promise<Outfit> {
  const outfit = await readOutfit(ctx);
  for (const account of outfit.accounts)
    if (account.provider === 'twilio')
      account.reportUrl = await hookAddress(ctx, publicUrl, { kind: 'twilio', account: 'twilio' });
  return outfit;
}

/** What is put into the words; undefined where it was sealed and does not open. */
function valuesOf(tools: TaskTools, one: Claimed): MessageValues | undefined {
  if (one.data_enc === null) return one.data;
  try {
    return JSON.parse(tools.secrets.open(VALUES_PURPOSE, BigInt(one.tenant_id), one.data_enc)) as MessageValues;
  } catch (error) {
    tools.log.error({ err: error, message: one.id }, 'the values of a message do not open; it is given up');
    return undefined;
  }
}

/** Where its customers pay by themselves; nothing where no phone can be rung, or where the address is this machine's own. */
function payAddress({ slug, rings }: Outfit, publicUrl: string): string {
  const { hostname } = new URL(publicUrl);
  return rings && !/^(localhost|127\..*|\[::1\]|0\.0\.0\.0)$/.test(hostname)
    ? `${publicUrl.replace(/\/$/, '')}/payments/pay/${slug}`
    : '';
}

function composeFor(outfit: Outfit, one: Claimed, values: MessageValues): Composed {
  const kind = kindOrNotice(one.kind);
  const locale = asLocale(one.locale);
  const template = outfit.words(kind, one.channel, locale);
  const words = one.words === null ? template : { subject: template.subject, body: one.words };
  const { company, zone, now } = outfit;
  return compose({ kind, channel: one.channel, locale, words, values, company, zone, nowMs: now.getTime() });
}

/** The installation's own mail server (LANGO_SMTP_URL) for a company that has none: under the company's name, from an address of the installation. */
function relayAccount(tools: TaskTools, outfit: Outfit): OutfitAccount {
  const host = new URL(tools.publicUrl).hostname;
  const domain = host.includes('.') && !/^[\d.:[\]]+$/.test(host) ? host : 'lango.invalid';
  const account = { host, port: 25, security: 'starttls', from_email: `no-reply@${domain}`, from_name: outfit.company };
  return { provider: 'smtp', channel: 'email', account };
}

type Outcome = Sent | { kind: 'refused'; error: 'no_provider' | 'sealed'; detail: string };

async function record(
  helpers: JobHelpers,
  one: Claimed,
  composed: Composed | undefined,
  account: OutfitAccount | undefined,
  sent: Outcome,
  ms: number,
): Promise<void> {
  const accepted = sent.kind === 'accepted' ? sent : undefined;
  const failed = sent.kind === 'accepted' ? undefined : sent;
  const secret = kindOf(kindOrNotice(one.kind)).secret;
  await helpers.query('SELECT message_record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)', [
    one.id,
    sent.kind,
    account?.provider ?? null,
    ms,
    accepted?.ref ?? null,
    accepted?.status ?? null,
    failed?.error ?? null,
    failed?.detail || null,
    sent.kind === 'again' ? nextTryS(one.tries, sent) : null,
    secret ? null : (composed?.subject ?? null),
    secret ? null : (composed?.text ?? null),
    accepted?.segments ?? composed?.segments?.segments ?? null,
    accepted?.cost?.micros ?? null,
    accepted?.cost?.currency ?? null,
  ]);
}

/** Seconds to the next try, a fifth more or less so that a carrier that comes back is not run over; null after the last. */
export function nextTryS(
  tries: number,
  { error, afterS }: Pick<Extract<Sent, { kind: 'again' }>, 'error' | 'afterS'>,
  random: () => number = Math.random,
): number | null {
  const planned = RETRY_AFTER_S[tries];
  if (planned === undefined) return null;
  const least = error === 'credentials' || error === 'balance' || error === 'sender' ? REPAIR_S : 0;
  return Math.max(planned, least) * (0.8 + 0.4 * random()) + (afterS ?? 0);
}
