import { randomInt } from 'node:crypto';
import { recordAudit } from '../audit';
import { enqueueMessage } from '../messages';
import { findPackage } from '../plans';
import type { Context } from '../platform/context';
import { createSubscriber } from '../subscribers';
import { createSubscription } from '../subscriptions';
import { findKnown } from './confirm-request';
import { lockRequest } from './queries';
import type { JoinRequest } from './schema';

export type TakeInOutcome =
  | { kind: 'done'; username: string; password: string }
  /** Somebody has the phone by now; staff see to it. */
  | { kind: 'known' }
  | { kind: 'not_found' }
  /** It was decided before. */
  | { kind: 'decided' }
  | { kind: 'plan_gone' };

const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const NAME_TRIES = 6;

/**
 * Makes a confirmed request a customer with a service that waits for its payment, and tells them how to sign in. `by` is the member of staff who accepted it;
 * only they add a service to somebody who is a customer already.
 */
export async function takeIn(ctx: Context, id: bigint, by: bigint | undefined): Promise<TakeInOutcome> {
  const request = await lockRequest(ctx, id);
  if (!request) return { kind: 'not_found' };
  if (request.state !== 'waiting' && request.state !== 'known') return { kind: 'decided' };
  // Two who hold the same phone and come at once become one customer.
  await ctx.tx
    .$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`join ${ctx.tenantId} ${request.recipient}`}, 0))`;
  const known = await findKnown(ctx, request);
  if (known !== undefined && by === undefined) {
    await ctx.tx
      .$executeRaw`UPDATE join_request SET state = 'known', reason = 'known', subscriber_id = ${known} WHERE id = ${id}`;
    return { kind: 'known' };
  }
  const plan = await findPackage(ctx, request.plan_id);
  if (!plan) return { kind: 'plan_gone' };
  const subscriberId = known ?? (await makeSubscriber(ctx, request));
  const { subscriptionId, username, password } = await makeService(ctx, request, subscriberId);
  await ctx.tx.$executeRaw`
    UPDATE join_request SET state = 'joined', subscriber_id = ${subscriberId}, subscription_id = ${subscriptionId}, decided_at = ${ctx.now}, decided_by = ${by ?? null}::bigint
    WHERE id = ${id}`;
  await recordAudit(ctx, 'join.accept', { type: 'subscriber', id: subscriberId }, { request: id, plan: plan.name });
  const { channel, recipient, locale, name } = request;
  await enqueueMessage(ctx, {
    kind: 'joined',
    channel,
    recipient,
    locale,
    values: { name, package: plan.name, username, password },
    key: `joined:${id}`,
    subscriberId,
    subscriptionId,
  });
  return { kind: 'done', username, password };
}

async function makeSubscriber(ctx: Context, { name, phone, email }: JoinRequest): Promise<bigint> {
  const made = await createSubscriber(ctx, { name, phone, email });
  if (made.kind !== 'done') throw new Error(`A confirmed request could not be made a customer: ${made.kind}`);
  return BigInt(made.subscriber.id);
}

async function makeService(ctx: Context, { name, plan_id }: JoinRequest, subscriberId: bigint) {
  const password = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  for (let tried = 0; tried < NAME_TRIES; tried += 1) {
    const username = `${stemOf(name)}${randomInt(1_000, 100_000)}`;
    const made = await createSubscription(ctx, {
      client_id: subscriberId,
      package_id: plan_id,
      username,
      password,
    });
    if (made.kind === 'done') return { subscriptionId: made.id, username, password };
    if (made.kind !== 'refused') throw new Error(`The service of a confirmed request could not be made: ${made.kind}`);
  }
  throw new Error('Every login that was tried is taken.');
}

/** The beginning of a login out of a name: easy to read out on the phone. */
function stemOf(name: string): string {
  const word = name.normalize('NFD').toLowerCase().split(/\s+/)[0] ?? '';
  return word.replace(/[^a-z]/g, '').slice(0, 12) || 'home';
}
