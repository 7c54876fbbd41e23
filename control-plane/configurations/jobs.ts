import type { JobSpec } from '../platform/jobs/job';
import { askAtNight } from '../routers';

export const jobs: JobSpec[] = [askAtNight('configurations.night', '23 23 * * *', 'configurations.take', 37)];
