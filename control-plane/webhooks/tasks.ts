import type { NamedTask } from '../platform/jobs/task';
import { sendDue } from './send-due';

export const tasks: NamedTask[] = [['webhooks.send', (_payload, helpers, tools) => sendDue(helpers, tools)]];
