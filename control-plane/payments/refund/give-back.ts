import type { JobHelpers } from 'graphile-worker';
import { hookAddress } from '../../hooks';
import { systemActor, type Context } from '../../platform/context';
import { oneRound } from '../../platform/jobs/one-round';
import type { TaskTools } from '../../platform/jobs/task';
import type { Account, PaymentProvider, Refund, Refunded, RefundTold } from '../provider';
import { askPayout, payOut } from '../mpesa/payout';
import type { MpesaSettings } from '../mpesa/settings';
import { openAccount, providerOf } from '../providers';
import { recordSteps, type Step } from '../record-step';
import { failRefund, settleRefund } from './close-refund';

const AT_ONCE = 8;
const AGAIN_S = 30;
/** Seconds after which the provider is asked what became of it; after the last a person has to look. */
const ASK_AFTER_S = [60, 300, 1_800, 10_800, 86_400] as const;
/** A refund that could not be handed over for so long goes back to the wallet. */
const SEND_FOR_MS = 86_400_000;

interface Claimed {
  id: string;
  tenant_id: string;
  begun: boolean;
}

interface Row {
  id: bigint;
  payment_id: bigint | null;
  way: string;
  phone: string | null;
  method: string;
  receipt: string | null;
  amount_cents: bigint;
  currency: string;
  provider_ref: string | null;
  asks: number;
  created_at: Date;
}

type InTenant = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;

/** Hands refunds to their providers and asks about those that nobody has told the outcome of, until nothing is due. */
export const giveBackDue = oneRound(async (helpers: JobHelpers, tools: TaskTools): Promise<void> => {
  while (!helpers.abortSignal?.aborted) {
    const { rows } = await helpers.query<Claimed>('SELECT * FROM payment_refund_claim($1)', [AT_ONCE]);
    if (rows.length === 0) return;
    const done = await Promise.allSettled(rows.map((row) => workOn(tools, row)));
    for (const one of done)
      if (one.status === 'rejected') tools.log.error({ err: one.reason as unknown }, 'refund not worked on');
  }
});

async function workOn(tools: TaskTools, one: Claimed): Promise<void> {
  const opening = { tenantId: BigInt(one.tenant_id), actor: systemActor('payments'), requestId: `refund-${one.id}` };
  const inTenant: InTenant = (work) => tools.db.inTenant(opening, work);
  const { row, carrier, account, resultUrl } = await inTenant((ctx) => load(ctx, tools, BigInt(one.id)));
  const wish: Refund = {
    receipt: row.receipt ?? '',
    amount_cents: row.amount_cents,
    currency: row.currency,
    key: `refund-${one.tenant_id}-${one.id}`,
    resultUrl,
  };
  if (!account) return inTenant((ctx) => noteSent(ctx, row, carrier, { kind: 'not_sent', text: 'not set up' }));
  // What was begun may have been done: only a provider that knows it by its key hears of it again.
  if (!one.begun || (carrier.repeatable && row.provider_ref === null)) {
    const sent = await carrier.send(account, wish);
    return inTenant((ctx) => noteSent(ctx, row, carrier, sent));
  }
  const ref = row.provider_ref ?? (carrier.knowsKey ? wish.key : undefined);
  const told: RefundTold =
    carrier.ask && ref !== undefined
      ? await carrier.ask(account, { ...wish, ref })
      : { kind: 'unknown', text: 'it cannot be asked about' };
  return inTenant((ctx) => noteTold(ctx, row, told));
}

/** Who takes the money there: the provider that it came by, which gives it back, or M-Pesa, which sends it to a phone. */
interface Carrier {
  name: string;
  repeatable: boolean;
  /** It can be asked about an order by our name for it. */
  knowsKey: boolean;
  send(account: Account, refund: Refund): Promise<Refunded>;
  ask?: ((account: Account, refund: Refund & { ref: string }) => Promise<RefundTold>) | undefined;
}

function carrierOf(row: Row, provider: PaymentProvider): Carrier {
  const cannot: Refunded = { kind: 'refused', code: 'way', text: 'cannot' };
  if (row.way !== 'mpesa')
    return {
      name: provider.name,
      repeatable: provider.repeatable,
      knowsKey: false,
      send: async (account, refund) => (await provider.refund?.(account, refund)) ?? cannot,
      ask: provider.askRefund && ((account, refund) => provider.askRefund?.(account, refund) as Promise<RefundTold>),
    };
  return {
    name: provider.name,
    repeatable: false,
    knowsKey: true,
    send: (account, { key, amount_cents, resultUrl }) =>
      payOut(account as Account<MpesaSettings>, {
        originator: key,
        phone: row.phone ?? '',
        amount: Number(amount_cents / 100n),
        resultUrl,
        remarks: 'Refund',
      }),
    ask: (account, { ref, resultUrl }) => askPayout(account as Account<MpesaSettings>, { ref, resultUrl }),
  };
}

async function load(ctx: Context, tools: TaskTools, id: bigint) {
  const [row] = await ctx.tx.$queryRaw<Row[]>`
    SELECT r.id, r.payment_id, r.way, r.phone, CASE r.way WHEN 'mpesa' THEN 'mpesa' ELSE p.method END AS method, p.receipt, r.amount_cents, r.currency, r.provider_ref, r.asks, r.created_at
    FROM payment_refund r LEFT JOIN payment p ON p.id = r.payment_id WHERE r.id = ${id}`;
  const provider: PaymentProvider | undefined = row && providerOf(row.method);
  if (!row || !provider) throw new Error(`refund ${id} is nobody's`);
  const account: Account | undefined = await openAccount(ctx, provider, tools.urls);
  const resultUrl = await hookAddress(ctx, tools.publicUrl, { kind: 'back', account: provider.name });
  return { row, carrier: carrierOf(row, provider), account, resultUrl };
}

/** What became of handing it over. */
async function noteSent(ctx: Context, row: Row, carrier: Carrier, sent: Refunded): Promise<void> {
  const steps: Step[] = [{ step: 'refund_sent', detail: carrier.name }];
  switch (sent.kind) {
    case 'done':
      await settleRefund(ctx, row.id, sent.ref, steps);
      return;
    case 'refused':
      await failRefund(ctx, row.id, sent, steps);
      return;
    case 'not_sent':
      if (ctx.now.getTime() - row.created_at.getTime() > SEND_FOR_MS) {
        await failRefund(ctx, row.id, { code: 'provider_away', text: sent.text }, []);
        return;
      }
      await ctx.tx.$executeRaw`
        UPDATE payment_refund SET sent_at = NULL, claimed_until = NULL, asks = asks + 1, code = 'not_sent', code_text = ${sent.text.slice(0, 300)} WHERE id = ${row.id} AND state = 'sending'`;
      if (row.asks === 0) await note(ctx, row, [{ step: 'refund_not_sent', detail: sent.text }]);
      return dueIn(ctx, row.id, AGAIN_S);
    case 'pending':
      await ctx.tx.$executeRaw`
        UPDATE payment_refund SET provider_ref = ${sent.ref}, provider_ref2 = ${sent.ref2 ?? null}, asks = 0, claimed_until = NULL, due_at = NULL WHERE id = ${row.id} AND state = 'sending'`;
      await note(ctx, row, [...steps, { step: 'refund_taken', detail: sent.ref }]);
      return carrier.ask ? dueIn(ctx, row.id, ASK_AFTER_S[0]) : undefined;
    case 'silent':
      await ctx.tx.$executeRaw`
        UPDATE payment_refund SET claimed_until = NULL, due_at = NULL, code = 'unknown', code_text = ${sent.text.slice(0, 300)} WHERE id = ${row.id} AND state = 'sending'`;
      await note(ctx, row, [...steps, { step: 'refund_unknown', detail: sent.text }]);
      return carrier.repeatable || carrier.knowsKey ? dueIn(ctx, row.id, ASK_AFTER_S[0]) : undefined;
  }
}

/** What the provider answered to the question. */
async function noteTold(ctx: Context, row: Row, told: RefundTold): Promise<void> {
  switch (told.kind) {
    case 'done':
      await settleRefund(ctx, row.id, told.ref, []);
      return;
    case 'failed':
      await failRefund(ctx, row.id, told, []);
      return;
    case 'asked':
    case 'unknown': {
      const asks = row.asks + 1;
      const ref = told.kind === 'asked' ? told.ref : null;
      await ctx.tx.$executeRaw`
        UPDATE payment_refund SET asks = ${asks}, ask_ref = coalesce(${ref}, ask_ref), claimed_until = NULL, due_at = NULL WHERE id = ${row.id} AND state = 'sending'`;
      const next = ASK_AFTER_S[asks];
      if (next !== undefined) return dueIn(ctx, row.id, next);
      const text = told.kind === 'unknown' ? told.text : 'the provider told no outcome within a day';
      await ctx.tx.$executeRaw`
        UPDATE payment_refund SET code = 'unknown', code_text = ${text.slice(0, 300)} WHERE id = ${row.id} AND state = 'sending'`;
      await note(ctx, row, [{ step: 'refund_unknown', detail: text }]);
    }
  }
}

/** On the timeline of its payment, where it is of one. */
async function note(ctx: Context, { payment_id }: Row, steps: Step[]): Promise<void> {
  if (payment_id !== null) await recordSteps(ctx, payment_id, steps);
}

/** Wakes the worker then; the sweep finds it too. */
async function dueIn(ctx: Context, id: bigint, seconds: number): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE payment_refund SET due_at = lango_now() + make_interval(secs => ${seconds}::float8) WHERE id = ${id} AND state = 'sending'`;
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('payments.give-back', '{}', now() + make_interval(secs => ${seconds}::float8), ${`payments.give-back:${id}`})`;
}
