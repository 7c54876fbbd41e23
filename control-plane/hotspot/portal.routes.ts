import type { PageRoute } from '../platform/http/page';
import { entryRoutes } from './entry.pages';
import { mineRoutes } from './mine.pages';
import { passRoutes } from './pass.pages';
import { shopRoutes } from './shop.pages';

export const pageRoutes: PageRoute[] = [...shopRoutes, ...passRoutes, ...mineRoutes, ...entryRoutes];
