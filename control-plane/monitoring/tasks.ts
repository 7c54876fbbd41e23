import type { NamedTask } from '../platform/jobs/task';
import { pollRouters } from './poll';

export const tasks: NamedTask[] = [
  ['monitoring.poll', async (_payload, helpers, tools) => void (await pollRouters(helpers, tools))],
];
