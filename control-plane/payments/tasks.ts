import type { NamedTask } from '../platform/jobs/task';
import { workDue } from './work-due';

export const tasks: NamedTask[] = [['payments.work', (_payload, helpers, tools) => workDue(helpers, tools)]];
