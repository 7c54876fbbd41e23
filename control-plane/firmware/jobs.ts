import type { JobSpec } from '../platform/jobs/job';
import { askAtNight } from '../routers';

export const jobs: JobSpec[] = [askAtNight('firmware.night', '41 0 * * *', 'firmware.check', 53)];
