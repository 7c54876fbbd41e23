import { approvalDecision, finishApproval, voidApproval } from '../../approvals';
import { systemActor, type Context } from '../../platform/context';
import type { TaskTools } from '../../platform/jobs/task';
import { recordSteps } from '../record-step';
import { carryOut } from './carry-out';
import { payOut } from './refund-wallet';
import type { RefundWay } from './schema';
import { weighRefund } from './weigh-refund';

const TOO_LATE = 'it cannot be given back any more';

interface Row {
  id: bigint;
  payment_id: bigint | null;
  subscriber_id: bigint;
  amount_cents: bigint;
  currency: string;
  way: RefundWay;
  service: 'keep' | 'take_back';
  reason: string;
  reference: string | null;
  phone: string | null;
  state: string;
}

/** Somebody has decided on a refund: it is carried out as things stand now, or closed. Heard again, nothing happens again. */
export async function refundDecided(payload: unknown, tools: TaskTools): Promise<void> {
  const { tenant, subject, approval } = approvalDecision.parse(payload);
  const opening = { tenantId: BigInt(tenant), actor: systemActor('payments'), requestId: `approval-${approval}` };
  await tools.db.inTenant(opening, async (ctx) => {
    const id = BigInt(subject);
    const [by] = await ctx.tx.$queryRaw<{ state: string; name: string | null; note: string | null }[]>`
      SELECT state, decided_name AS name, note FROM approval WHERE id = ${BigInt(approval)}`;
    const row = await read(ctx, id);
    if (!row || row.state !== 'asked' || !by) return;
    const who = [by.name, by.note].filter(Boolean).join(': ');
    if (by.state === 'approved') await approved(ctx, row, who);
    else await refuse(ctx, row, by.state, who || 'nobody decided in time');
  });
}

async function read(ctx: Context, id: bigint): Promise<Row | undefined> {
  const [row] = await ctx.tx.$queryRaw<Row[]>`
    SELECT id, payment_id, subscriber_id, amount_cents, currency, way, service, reason, reference, phone, state FROM payment_refund WHERE id = ${id}`;
  return row;
}

async function approved(ctx: Context, row: Row, who: string): Promise<void> {
  const { id, way, service, amount_cents } = row;
  const agreed = () => finishApproval(ctx, 'payments.refund', id);
  if (row.payment_id === null) {
    if (await lockAsked(ctx, id)) if (!(await payOut(ctx, row, agreed))) await refuse(ctx, row, 'spent', TOO_LATE);
    return;
  }
  const wish = {
    amount_cents,
    way,
    service,
    reference: row.reference ?? undefined,
    phone: row.phone ?? undefined,
    own: id,
  };
  const weighed = await weighRefund(ctx, row.payment_id, wish);
  // Under the locks of the payment: whoever carried it out at the same moment has done so by now.
  if (!(await lockAsked(ctx, id))) return;
  if (weighed?.kind !== 'weighed') return refuse(ctx, row, weighed?.kind ?? 'not_found', TOO_LATE);
  if (await agreed()) await carryOut(ctx, row, weighed, [{ step: 'refund_approved', detail: who }]);
}

async function lockAsked(ctx: Context, id: bigint): Promise<boolean> {
  const [row] = await ctx.tx.$queryRaw<
    { state: string }[]
  >`SELECT state FROM payment_refund WHERE id = ${id} FOR NO KEY UPDATE`;
  return row?.state === 'asked';
}

async function refuse(ctx: Context, row: Row, code: string, text: string): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE payment_refund SET state = 'refused', code = ${code}, code_text = ${text.slice(0, 300)} WHERE id = ${row.id} AND state = 'asked'`;
  await voidApproval(ctx, 'payments.refund', row.id);
  if (row.payment_id !== null) await recordSteps(ctx, row.payment_id, [{ step: 'refund_refused', detail: text }]);
}
