import type { NamedTask } from '../platform/jobs/task';
import { sendDue } from './send-due';

export const tasks: NamedTask[] = [['messages.send', (_payload, helpers, tools) => sendDue(helpers, tools)]];
