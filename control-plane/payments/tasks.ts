import { workTask } from '../bulk';
import type { NamedTask } from '../platform/jobs/task';
import { bankDoer } from './bank/do-line';
import { matchDay, matchStatement } from './match/match-statement';
import { readList } from './read-list';
import { refundDecided } from './refund/decided';
import { giveBackDue } from './refund/give-back';
import { registerUrls } from './register-urls';
import { workDue } from './work-due';

export const tasks: NamedTask[] = [
  ['payments.work', (_payload, helpers, tools) => workDue(helpers, tools)],
  ['payments.register', (payload, _helpers, tools) => registerUrls(payload, tools)],
  ['payments.list', (payload, _helpers, tools) => readList(payload, tools).then(() => undefined)],
  ['payments.give-back', (_payload, helpers, tools) => giveBackDue(helpers, tools)],
  ['payments.match', (payload, _helpers, tools) => matchStatement(payload, tools)],
  ['payments.match-day', (payload, _helpers, tools) => matchDay(payload, tools)],
  workTask('payments.bank', bankDoer),
  ['payments.refund', (payload, _helpers, tools) => refundDecided(payload, tools)],
];
