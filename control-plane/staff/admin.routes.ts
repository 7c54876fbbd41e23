import { pageRoute, seeOther } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { sessionCookie } from '../platform/http/session-cookie';
import { closeConsoleSession } from './console-session';
import { companyRoutes } from './company.routes';
import { doorRoutes } from './door.routes';
import { ownRoutes } from './own.routes';
import { peopleRoutes } from './people.routes';
import { roleRoutes } from './roles.routes';
import { secondRoutes } from './second.routes';
import { welcomeRoutes } from './welcome.routes';

export const pageRoutes: PageRoute[] = [
  ...doorRoutes,
  ...secondRoutes,
  ...welcomeRoutes,
  ...companyRoutes,
  ...ownRoutes,
  ...peopleRoutes,
  ...roleRoutes,
  pageRoute({
    method: 'POST',
    path: '/logout',
    permission: 'signed_in',
    async run(ctx, _input, web, person) {
      if (person.session) await closeConsoleSession(ctx, person.session.id);
      return seeOther('/login', [sessionCookie(web.publicUrl, undefined, 0)]);
    },
  }),
];
