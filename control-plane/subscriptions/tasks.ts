import { z } from 'zod';
import { systemActor } from '../platform/context';
import { idField } from '../platform/http/input';
import type { NamedTask } from '../platform/jobs/task';
import { renewFromWallet } from './renew-subscription';

const renewal = z.object({ tenant: idField, id: idField, cycle_no: z.int() });

/** Work of the queue. A renewal that finds the wallet short, or the cycle renewed, leaves things as they are: the service then ends as any other. */
export const tasks: NamedTask[] = [
  [
    'subscriptions.auto-renew',
    async (payload, { job }, { db, log }) => {
      const { tenant, id, cycle_no } = renewal.parse(payload);
      const opening = { tenantId: tenant, actor: systemActor('auto-renew'), requestId: `job-${job.id}` };
      const outcome = await db.inTenant(opening, (ctx) => renewFromWallet(ctx, id, cycle_no));
      if (outcome.kind !== 'done')
        log.info({ subscription: id.toString(), outcome }, 'was not renewed from the wallet');
    },
  ],
];
