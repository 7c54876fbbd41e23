import type { NamedTask } from '../platform/jobs/task';
import { putTask } from './pages/deploy-pages';

export const tasks: NamedTask[] = [putTask];
