import { z } from 'zod';
import { pageRoute, seeOther, type PageRoute } from '../platform/http/page';
import { backCookies, companyPages } from './company.pages';
import { endImpersonation } from './impersonate';
import { companyList } from './list.routes';
import { registerRoutes } from './register.routes';
import { settingsRoutes } from './settings.routes';

export const pageRoutes: PageRoute[] = [
  ...registerRoutes,
  ...settingsRoutes,
  ...companyList,
  ...companyPages,
  pageRoute({
    method: 'POST',
    path: '/tenants/registration',
    permission: 'tenants.manage',
    form: z.object({ open: z.enum(['yes', 'no']) }),
    async run(ctx, { form }) {
      if (!form.ok) return seeOther('/tenants');
      const open = form.value.open === 'yes';
      await ctx.tx
        .$queryRaw`SELECT tenants_open_registration(${ctx.actor.id}::bigint, ${open}, ${ctx.actor.ip}::inet, ${ctx.requestId})`;
      return seeOther(`/tenants?told=${open ? 'opened' : 'closed'}`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tenants/act-end',
    permission: 'signed_in',
    async run(ctx, _input, web, person) {
      if (!person.impersonator || !person.session) return seeOther('/');
      await endImpersonation(ctx, person.session.id);
      // To the company that they came from: there is more to do for it, or its name to tell.
      return seeOther(`/tenants/${ctx.tenantId}?told=act_ended`, backCookies(web));
    },
  }),
];
