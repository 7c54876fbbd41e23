import type { PageRoute } from '../platform/http/page';
import { entryRoutes } from './entry.pages';
import { mineRoutes } from './mine.pages';
import { passRoutes } from './pass.pages';
import { identityRoutes } from './identity.pages';
import { shopRoutes } from './shop.pages';
import { trialRoutes } from './trial.pages';

export const pageRoutes: PageRoute[] = [
  ...shopRoutes,
  ...passRoutes,
  ...mineRoutes,
  ...entryRoutes,
  ...trialRoutes,
  ...identityRoutes,
];
