import type { JobSpec } from '../platform/jobs/job';
import { askAtNight } from '../routers';

export const jobs: JobSpec[] = [askAtNight('drift.night', '41 0 * * *', 'drift.check', 41)];
