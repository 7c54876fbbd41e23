import type { NamedTask } from '../platform/jobs/task';
import { readList } from './read-list';
import { refundDecided } from './refund/decided';
import { registerUrls } from './register-urls';
import { workDue } from './work-due';

export const tasks: NamedTask[] = [
  ['payments.work', (_payload, helpers, tools) => workDue(helpers, tools)],
  ['payments.register', (payload, _helpers, tools) => registerUrls(payload, tools)],
  ['payments.list', (payload, _helpers, tools) => readList(payload, tools).then(() => undefined)],
  ['payments.refund', (payload, _helpers, tools) => refundDecided(payload, tools)],
];
