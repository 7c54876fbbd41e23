import { recordAudit } from '../../audit';
import { changeRow, type OpenRow } from '../../bulk';
import type { Context } from '../../platform/context';
import { findAccount } from '../find-owner';
import { choicesFor } from './choices';
import { nameOf, type Deed } from './judge-lines';
import type { HeldLine, StatementParams } from './plan-statement';

/** What becomes of a line instead: an account as somebody types it; a movement or a cheque (`movement:7`); or none of them. */
export type Wish = { to: 'account'; account: string } | { to: 'none' | 'fee' } | { to: 'found'; choice: string };

export type ChooseOutcome = 'done' | 'unknown_account' | 'gone';

interface Chosen {
  deed: Deed;
  kind: HeldLine['kind'];
  note: string;
  subscriber_id: string | null;
  name: string | null;
}

/** Puts aside what was proposed for a line of a statement: it is what somebody says, and nothing is booked before the run is started. */
export async function chooseLine(
  ctx: Context,
  { run, row }: OpenRow,
  held: HeldLine,
  wish: Wish,
): Promise<ChooseOutcome> {
  const chosen = await chosenBy(ctx, { run, row }, held, wish);
  if (typeof chosen === 'string') return chosen;
  const { deed, kind, note, subscriber_id, name } = chosen;
  const line: HeldLine = { ...held, kind, deed };
  await changeRow(ctx, row, { note, subscriber_id, data: { ...row.data, name: nameOf(held, name), line } });
  await recordAudit(
    ctx,
    'payments.choose_line',
    { type: 'bulk_run', id: run.id },
    { row: row.seq, amount_cents: held.amount_cents, was: row.note, deed },
  );
  return 'done';
}

async function chosenBy(
  ctx: Context,
  { run }: OpenRow,
  held: HeldLine,
  wish: Wish,
): Promise<Chosen | Exclude<ChooseOutcome, 'done'>> {
  const into = BigInt(held.amount_cents) > 0n;
  const kind = into ? 'payment' : 'other';
  const nobody = { subscriber_id: null, name: null };
  switch (wish.to) {
    case 'none':
      return into
        ? { deed: { what: 'hold' }, kind, note: 'bank_put_aside', ...nobody }
        : { deed: { what: 'open' }, kind, note: 'bank_open', ...nobody };
    case 'fee':
      return into ? 'gone' : { deed: { what: 'fee' }, kind: 'fee', note: 'bank_fee', ...nobody };
    case 'account': {
      const { currency } = run.params as unknown as StatementParams;
      const found = into ? await findAccount(ctx, wish.account, BigInt(held.amount_cents), currency) : undefined;
      const who = found && (await ctx.tx.subscriber.findFirst({ where: { id: found.subscriberId, deleted_at: null } }));
      if (!found || !who) return 'unknown_account';
      const deed: Deed = { what: 'credit', subscription_id: found.subscriptionId?.toString() ?? null };
      return { deed, kind, note: 'bank_chosen', subscriber_id: who.id.toString(), name: who.name };
    }
    case 'found': {
      const choice = (await choicesFor(ctx, run, held)).find((one) => `${one.kind}:${one.id}` === wish.choice);
      if (!choice) return 'gone';
      const deed: Deed =
        choice.kind === 'cheque' ? { what: 'clear', payment_id: choice.id } : { what: 'tie', transfer_id: choice.id };
      return { deed, kind, note: 'bank_chosen', subscriber_id: choice.subscriber_id, name: choice.name };
    }
  }
}
