import type { NamedTask } from '../platform/jobs/task';
import { payDue, runDecided } from './payouts/work-payouts';

export const tasks: NamedTask[] = [
  ['resellers.payout', (payload, _helpers, tools) => runDecided(payload, tools)],
  ['resellers.pay', (_payload, helpers, tools) => payDue(helpers, tools)],
];
