import { workTask } from '../bulk';
import { importDoer } from './do-row';

export const tasks = [workTask('imports.work', importDoer)];
