import { serviceDoer } from './actions';
import { workTask } from './work-run';

export const tasks = [workTask('bulk.work', serviceDoer)];
