import type { JobHelpers } from 'graphile-worker';
import { setTimeout as sleep } from 'node:timers/promises';
import { hookAddress } from '../hooks';
import { systemActor, type Context } from '../platform/context';
import { oneRound } from '../platform/jobs/one-round';
import type { TaskTools } from '../platform/jobs/task';
import { noteFault } from './note-fault';
import { nextAskAt, noteFailure, noteStillOpen, noteUnheard, unheardAt, wakeAt } from './note-outcome';
import type { Account, Order, PaymentProvider, Prompted, Told } from './provider';
import { openAccount, providerOf } from './providers';
import { recordSteps, type Step } from './record-step';
import { settlePayment } from './settle-payment';
import { tellLive } from './use-money';

/** Providers called at once by one process: one call takes a second or three. */
const AT_ONCE = 24;
const LOOK_AGAIN_MS = 250;
/** An order that cannot be handed over is given up after so long: the customer has long gone. */
const PROMPT_FOR_S = 120;

interface Claimed {
  id: string;
  tenant_id: string;
  provider: string;
  what: 'prompt' | 'ask';
  begun: boolean;
}

/** Prompts and asks what is due, until nothing is. */
export const workDue = oneRound(drain);

async function drain(helpers: JobHelpers, tools: TaskTools): Promise<void> {
  const running = new Set<Promise<void>>();
  for (;;) {
    const room = helpers.abortSignal?.aborted ? 0 : AT_ONCE - running.size;
    const claimed = room > 0 ? await claim(helpers, room) : [];
    for (const one of claimed) {
      const work = workOn(tools, one)
        .catch((error: unknown) => tools.log.error({ err: error, payment: one.id }, 'payment not worked on'))
        .finally(() => running.delete(work));
      running.add(work);
    }
    if (claimed.length > 0) continue;
    if (running.size > 0) await Promise.race([...running, sleep(LOOK_AGAIN_MS)]);
    else if (helpers.abortSignal?.aborted || !(await anyDue(helpers))) return;
    // An account's calls for this second are used up.
    else await sleep(LOOK_AGAIN_MS);
  }
}

async function claim(helpers: JobHelpers, limit: number): Promise<Claimed[]> {
  return (await helpers.query<Claimed>('SELECT * FROM payment_claim($1)', [limit])).rows;
}

async function anyDue(helpers: JobHelpers): Promise<boolean> {
  const { rows } = await helpers.query<{ due: boolean }>('SELECT payment_any_due() AS due');
  return rows[0]?.due ?? false;
}

interface Loaded {
  account: Account | undefined;
  order: Order & {
    ref: string | null;
    toldReceipt: string | null;
    state: string;
  };
}

async function workOn(tools: TaskTools, one: Claimed): Promise<void> {
  const provider = providerOf(one.provider);
  if (!provider) return;
  const opening = { tenantId: BigInt(one.tenant_id), actor: systemActor('payments'), requestId: `payment-${one.id}` };
  const inTenant = <T>(work: (ctx: Context) => Promise<T>) => tools.db.inTenant(opening, work);
  const { account, order } = await inTenant((ctx) => load(ctx, tools, provider, BigInt(one.id)));
  // Settled by a call between the claim and now: nothing is left to do.
  if (order.state === 'settled' || order.state === 'refunded') return;
  if (one.what === 'prompt') await prompt(inTenant, provider, account, order, one.begun);
  else await ask(inTenant, provider, account, order);
}

type InTenant = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;

async function load(ctx: Context, tools: TaskTools, provider: PaymentProvider, id: bigint): Promise<Loaded> {
  const [row] = await ctx.tx.$queryRaw<
    {
      account_ref: string | null;
      phone: string | null;
      amount_cents: bigint;
      currency: string;
      provider_ref: string | null;
      told_receipt: string | null;
      created_at: Date;
      state: string;
      plan: string | null;
      slug: string;
    }[]
  >`SELECT p.account_ref, p.phone, p.amount_cents, p.currency, p.provider_ref, p.told_receipt, p.created_at, p.state, l.name AS plan, t.slug
    FROM payment p JOIN tenant t ON t.id = p.tenant_id LEFT JOIN subscription s ON s.id = p.subscription_id LEFT JOIN plan_version v ON v.id = s.plan_version_id LEFT JOIN plan l ON l.id = v.plan_id
    WHERE p.id = ${id}`;
  if (!row) throw new Error(`payment ${id} is not there`);
  return {
    account: await openAccount(ctx, provider, tools.urls),
    order: {
      id,
      accountRef: row.account_ref ?? '',
      phone: row.phone ?? '',
      amount_cents: row.amount_cents,
      currency: row.currency,
      description: (row.plan ?? 'Internet').replaceAll(/[^A-Za-z0-9 ]/g, '').slice(0, 13) || 'Internet',
      callbackUrl: await hookAddress(ctx, tools.publicUrl, { kind: provider.hook, account: provider.name }),
      returnUrl: `${tools.publicUrl}/payments/done/${row.slug}`,
      at: new Date(),
      ref: row.provider_ref,
      toldReceipt: row.told_receipt,
      createdAt: row.created_at,
      state: row.state,
    },
  };
}

async function prompt(
  inTenant: InTenant,
  provider: PaymentProvider,
  account: Account | undefined,
  order: Loaded['order'],
  begun: boolean,
): Promise<void> {
  const began = new Date();
  // A process died in the middle of it: the phone may have rung.
  const prompted: Prompted =
    begun && !provider.repeatable
      ? { kind: 'silent', text: 'broken off' }
      : account
        ? await provider.prompt(account, order)
        : { kind: 'refused', code: 'not_set_up', text: `${provider.name} is not set up`, account: true };
  await inTenant((ctx) => notePrompt(ctx, provider, order, { prompted, began }));
}

async function notePrompt(
  ctx: Context,
  provider: PaymentProvider,
  order: Loaded['order'],
  { prompted, began }: { prompted: Prompted; began: Date },
): Promise<void> {
  const steps: Step[] = [{ step: 'sent', detail: provider.name, at: began }];
  const soon = provider.ask ? nextAskAt(ctx.now, 0, ctx.now) : unheardAt(ctx.now);
  switch (prompted.kind) {
    case 'accepted': {
      await ctx.tx.$executeRaw`
        UPDATE payment SET provider_ref = ${prompted.ref}, provider_ref2 = ${prompted.ref2 ?? null}, provider_url = ${prompted.url ?? null}, pushed_at = lango_now(), claimed_until = NULL,
          state = CASE WHEN state IN ('created', 'unknown') THEN 'prompted' ELSE state END, due_at = CASE WHEN state IN ('created', 'unknown') THEN ${soon}::timestamptz END WHERE id = ${order.id}`;
      await recordSteps(ctx, order.id, [...steps, { step: 'prompted', detail: null }]);
      await noteFault(ctx, provider.name, 'prompt', undefined);
      if (soon) await wakeAt(ctx, order.id, soon);
      return tellLive(ctx, order.id, undefined);
    }
    case 'not_sent':
      return notSent(ctx, order, prompted.text, steps);
    case 'refused': {
      if (prompted.account) await noteFault(ctx, provider.name, 'prompt', prompted.text);
      return noteFailure(ctx, order.id, prompted, steps);
    }
    case 'silent': {
      // Without the provider's name for it, it cannot be asked about: a call, a confirmation or the list will tell. Never sent again.
      await ctx.tx.$executeRaw`
        UPDATE payment SET state = 'unknown', claimed_until = NULL, code_text = ${prompted.text.slice(0, 300)}, due_at = ${nextAskAt(ctx.now, 6, ctx.now)}::timestamptz
        WHERE id = ${order.id} AND state = 'created'`;
      await recordSteps(ctx, order.id, [...steps, { step: 'no_answer', detail: prompted.text }]);
      return tellLive(ctx, order.id, undefined);
    }
  }
}

/** Nothing reached anybody: tried again every few seconds, for as long as somebody may be waiting for it. */
async function notSent(ctx: Context, order: Loaded['order'], text: string, steps: Step[]): Promise<void> {
  const age_s = (ctx.now.getTime() - order.createdAt.getTime()) / 1_000;
  if (age_s > PROMPT_FOR_S) return noteFailure(ctx, order.id, { code: 'provider_away', text }, steps);
  const again = new Date(ctx.now.getTime() + Math.min(15, 2 + age_s / 4) * 1_000);
  await ctx.tx
    .$executeRaw`UPDATE payment SET pushed_at = NULL, claimed_until = NULL, due_at = ${again}::timestamptz WHERE id = ${order.id} AND state = 'created'`;
  await recordSteps(ctx, order.id, [...steps, { step: 'not_sent', detail: text }]);
  await wakeAt(ctx, order.id, again);
}

async function ask(
  inTenant: InTenant,
  provider: PaymentProvider,
  account: Account | undefined,
  order: Loaded['order'],
): Promise<void> {
  if (!provider.ask) return inTenant((ctx) => noteUnheard(ctx, order.id));
  const began = new Date();
  const told: Told =
    account && order.ref !== null
      ? await provider.ask(account, { ref: order.ref, at: began })
      : { kind: 'unknown', text: order.ref === null ? 'the provider gave the order no name' : 'cannot be asked' };
  await inTenant((ctx) => noteAnswer(ctx, order, told, began));
}

async function noteAnswer(ctx: Context, order: Loaded['order'], told: Told, began: Date): Promise<void> {
  const steps: Step[] = [
    {
      step: 'asked',
      detail: told.kind === 'failed' || told.kind === 'unknown' ? `${told.kind}: ${told.text}` : told.kind,
      at: began,
    },
  ];
  switch (told.kind) {
    case 'paid': {
      // Where the answer names no amount, it is what we asked for: a prompt cannot be paid in part, and what a doubted call named counts for nothing.
      const receipt = told.receipt ?? (await believable(ctx, order));
      await settlePayment(ctx, order.id, { receipt, amount_cents: told.amount_cents, source: 'answer' }, steps);
      return;
    }
    case 'failed':
      return noteFailure(ctx, order.id, told, steps);
    case 'pending':
    case 'unknown':
      return noteStillOpen(ctx, order.id, told.kind === 'unknown' ? told.text : 'pending', steps);
  }
}

/**
 * The receipt that a doubtful call named, now that the provider has said that the order was paid. One that was credited to somebody else's service is not
 * ours; one that was credited to this service already is, and settlePayment sees to it that it is not credited again.
 */
async function believable(ctx: Context, order: Loaded['order']): Promise<string | undefined> {
  if (order.toldReceipt === null) return undefined;
  const [row] = await ctx.tx.$queryRaw<{ other: boolean }[]>`
    SELECT q.subscription_id IS DISTINCT FROM p.subscription_id AS other
    FROM payment p, payment_notice n JOIN payment q ON q.id = n.payment_id
    WHERE p.id = ${order.id} AND n.tenant_id = p.tenant_id AND n.method = p.method AND upper(n.receipt) = upper(${order.toldReceipt}) AND q.id <> p.id`;
  return row?.other ? undefined : order.toldReceipt;
}
