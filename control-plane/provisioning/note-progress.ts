import type { Context } from '../platform/context';
import { stepNames } from './pieces';
import { startRun } from './start-run';

/** What a router says while it imports its script: a step failed, or all is done, after which its word is spent and it is tested. */
export async function noteProgress(
  ctx: Context,
  routerId: bigint,
  step: string,
  how: string,
): Promise<'noted' | 'not_understood'> {
  if (step === 'all' && how === 'done') {
    await ctx.tx.$executeRaw`
      UPDATE provisioning_router SET finished_at = ${ctx.now}, failed_step = NULL, failed_at = NULL, word_hash = NULL, word_expires_at = NULL, updated_at = ${ctx.now}
      WHERE nas_id = ${routerId}`;
    await startRun(ctx, routerId, 'self_test');
    return 'noted';
  }
  if (how !== 'failed' || !stepNames.some((name) => name === step)) return 'not_understood';
  await ctx.tx.$executeRaw`
    UPDATE provisioning_router SET failed_step = ${step}, failed_at = ${ctx.now}, updated_at = ${ctx.now} WHERE nas_id = ${routerId}`;
  return 'noted';
}
