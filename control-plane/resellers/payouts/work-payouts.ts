import type { JobHelpers } from 'graphile-worker';
import { approvalDecision, finishApproval } from '../../approvals';
import { hookAddress } from '../../hooks';
import { askPayout, mpesa, openAccount, payOut, type Account, type MpesaSettings } from '../../payments';
import { systemActor, type Context } from '../../platform/context';
import { oneRound } from '../../platform/jobs/one-round';
import type { TaskTools } from '../../platform/jobs/task';
import {
  failPayout,
  lockPayout,
  markFailed,
  noteUnknown,
  recordSteps,
  setAside,
  wakeAt,
  type PayoutRow,
} from './close-payout';

/** An order that cannot be handed over is given up after so long, and its money is commission again. */
const SEND_FOR_MS = 15 * 60_000;
const AGAIN_MS = 10_000;
const AT_ONCE = 20;

/** Somebody has decided on a run: its money is set aside and handed to the queue, or it is closed. Heard again, nothing happens again. */
export async function runDecided(payload: unknown, tools: TaskTools): Promise<void> {
  const { tenant, subject, approval } = approvalDecision.parse(payload);
  const opening = { tenantId: BigInt(tenant), actor: systemActor('resellers'), requestId: `approval-${approval}` };
  await tools.db.inTenant(opening, async (ctx) => {
    const id = BigInt(subject);
    const [run] = await ctx.tx.$queryRaw<{ method: string; state: string }[]>`
      SELECT method, state FROM reseller_payout_run WHERE id = ${id} FOR NO KEY UPDATE`;
    const [by] = await ctx.tx.$queryRaw<{ state: string; name: string | null }[]>`
      SELECT state, decided_name AS name FROM approval WHERE id = ${BigInt(approval)}`;
    if (run?.state !== 'asked' || !by) return;
    if (by.state === 'approved') {
      if (await finishApproval(ctx, 'resellers.payout', id)) await approve(ctx, id, run.method, by.name ?? '');
      return;
    }
    await ctx.tx
      .$executeRaw`UPDATE reseller_payout_run SET state = 'refused', decided_name = ${by.name} WHERE id = ${id}`;
    for (const payout of await payoutIds(ctx, id)) {
      await ctx.tx
        .$executeRaw`UPDATE reseller_payout SET state = 'cancelled' WHERE id = ${payout} AND state = 'waiting'`;
      await recordSteps(ctx, payout, [{ step: 'refused', detail: by.name ?? 'nobody decided in time' }]);
    }
  });
}

async function payoutIds(ctx: Context, runId: bigint): Promise<bigint[]> {
  const rows = await ctx.tx.$queryRaw<
    { id: bigint }[]
  >`SELECT id FROM reseller_payout WHERE run_id = ${runId} ORDER BY id`;
  return rows.map(({ id }) => id);
}

async function approve(ctx: Context, runId: bigint, method: string, who: string): Promise<void> {
  await ctx.tx
    .$executeRaw`UPDATE reseller_payout_run SET state = 'approved', decided_name = ${who} WHERE id = ${runId}`;
  for (const id of await payoutIds(ctx, runId)) {
    const row = await lockPayout(ctx, id);
    if (row?.state !== 'waiting') continue;
    const steps = [{ step: 'approved', detail: who }];
    if (!(await setAside(ctx, row))) {
      await markFailed(ctx, id, { code: 'less_owed', text: 'sales were given back meanwhile' }, steps);
      continue;
    }
    await ctx.tx.$executeRaw`
      UPDATE reseller_payout SET state = 'sending', due_at = CASE WHEN ${method} = 'mpesa' THEN lango_now() END WHERE id = ${id}`;
    await recordSteps(ctx, id, steps);
  }
  if (method === 'mpesa') await ctx.tx.$executeRaw`SELECT job_enqueue('resellers.pay')`;
}

interface Claimed {
  id: string;
  tenant_id: string;
  begun: boolean;
}

/** Sends and asks what is due, until nothing is. */
export const payDue = oneRound(async (helpers: JobHelpers, tools: TaskTools): Promise<void> => {
  for (;;) {
    if (helpers.abortSignal?.aborted) return;
    const { rows } = await helpers.query<Claimed>('SELECT * FROM reseller_payout_claim($1)', [AT_ONCE]);
    if (rows.length === 0) return;
    await Promise.all(
      rows.map((one) =>
        workOn(tools, one).catch((error: unknown) =>
          tools.log.error({ err: error, payout: one.id }, 'payout not worked on'),
        ),
      ),
    );
  }
});

type InTenant = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;

async function workOn(tools: TaskTools, one: Claimed): Promise<void> {
  const opening = { tenantId: BigInt(one.tenant_id), actor: systemActor('resellers'), requestId: `payout-${one.id}` };
  const inTenant: InTenant = (work) => tools.db.inTenant(opening, work);
  const id = BigInt(one.id);
  const { row, account, resultUrl } = await inTenant(async (ctx) => ({
    row: await lockPayout(ctx, id),
    account: (await openAccount(ctx, mpesa as never, tools.urls)) as Account<MpesaSettings> | undefined,
    resultUrl: await hookAddress(ctx, tools.publicUrl, { kind: 'payout', account: 'mpesa' }),
  }));
  if (row?.state !== 'sending' && row?.state !== 'unknown') return;
  if (one.begun) await ask(inTenant, row, account, resultUrl);
  else await send(inTenant, row, account, resultUrl);
}

/** Sent once: what was begun and broken off is asked about. */
async function send(
  inTenant: InTenant,
  row: PayoutRow,
  account: Account<MpesaSettings> | undefined,
  resultUrl: string,
): Promise<void> {
  const at = new Date();
  if (!account) {
    await inTenant((ctx) => failPayout(ctx, row.id, { code: 'not_set_up', text: 'M-Pesa is not set up' }, []));
    return;
  }
  const amount = Number(row.amount_cents / 100n);
  const sent = await payOut(account, { originator: row.originator, phone: row.phone, amount, resultUrl });
  const steps = [{ step: 'sent', detail: 'mpesa', at }];
  await inTenant(async (ctx) => {
    switch (sent.kind) {
      case 'pending': {
        const next = new Date(ctx.now.getTime() + 30_000);
        await ctx.tx.$executeRaw`
          UPDATE reseller_payout SET conversation = ${sent.ref}, claimed_until = NULL, due_at = CASE WHEN state = 'sending' THEN ${next}::timestamptz END WHERE id = ${row.id}`;
        await recordSteps(ctx, row.id, [...steps, { step: 'accepted', detail: sent.ref }]);
        return wakeAt(ctx, next);
      }
      case 'refused':
        await failPayout(ctx, row.id, sent, steps);
        return;
      case 'not_sent':
        return notSent(ctx, row, sent.text);
      case 'silent':
        return noteUnknown(ctx, row.id, [...steps, { step: 'no_answer', detail: sent.text }]);
      case 'done':
        throw new Error('Safaricom tells the outcome of a payout by a call alone.');
    }
  });
}

/** Turned away before anything was done: tried again, for a quarter of an hour. */
async function notSent(ctx: Context, row: PayoutRow, text: string): Promise<void> {
  const [planned] = await ctx.tx.$queryRaw<{ at: Date | null }[]>`
    SELECT min(at) AS at FROM reseller_payout_step WHERE payout_id = ${row.id} AND step = 'approved'`;
  if (planned?.at && Date.now() - planned.at.getTime() > SEND_FOR_MS) {
    await failPayout(ctx, row.id, { code: 'provider_away', text }, []);
    return;
  }
  const again = new Date(ctx.now.getTime() + AGAIN_MS);
  await ctx.tx.$executeRaw`
    UPDATE reseller_payout SET sent_at = NULL, claimed_until = NULL, due_at = ${again}::timestamptz WHERE id = ${row.id} AND state = 'sending' AND conversation IS NULL`;
  await recordSteps(ctx, row.id, [{ step: 'not_sent', detail: text }]);
  await wakeAt(ctx, again);
}

async function ask(
  inTenant: InTenant,
  row: PayoutRow,
  account: Account<MpesaSettings> | undefined,
  resultUrl: string,
): Promise<void> {
  const at = new Date();
  const told = account
    ? await askPayout(account, { ref: row.conversation ?? row.originator, resultUrl })
    : { kind: 'unknown' as const, text: 'M-Pesa is not set up' };
  await inTenant(async (ctx) => {
    if (told.kind === 'asked')
      await ctx.tx.$executeRaw`UPDATE reseller_payout SET ask_ref = ${told.ref} WHERE id = ${row.id}`;
    // Its answer comes by a call; should it not, we ask again.
    await noteUnknown(ctx, row.id, [{ step: 'asked', detail: told.kind === 'unknown' ? told.text : '', at }]);
  });
}
