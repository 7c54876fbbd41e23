import { z } from 'zod';
import { conflict, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { decideCompany } from './decide-company';
import { licenseCompany } from './license-company';
import { findCompany, listCompanies, type Company } from './queries';

const companyAnswer = z.object({
  id: z.string(),
  name: z.string(),
  slug: z.string(),
  status: z.enum(['pending', 'approved', 'suspended']),
  status_reason: z.string().nullable(),
  timezone: z.string(),
  currency: z.string(),
  created_at: z.date(),
  approved_at: z.date().nullable(),
  licence_until: z.date().nullable(),
  limits: z.object({ subscribers: z.int().nullable(), routers: z.int().nullable(), staff: z.int().nullable() }),
  counts: z.object({ subscribers: z.int(), routers: z.int(), staff: z.int() }),
});

const companyView = (row: Company) => ({
  id: row.id.toString(),
  name: row.name,
  slug: row.slug,
  status: row.status,
  status_reason: row.status_reason,
  timezone: row.timezone,
  currency: row.currency,
  created_at: row.created_at,
  approved_at: row.approved_at,
  licence_until: row.licence_until,
  limits: { subscribers: row.limit_subscribers, routers: row.limit_routers, staff: row.limit_staff },
  counts: { subscribers: Number(row.subscribers), routers: Number(row.routers), staff: Number(row.people) },
});

const limit = z.int().min(0).max(2_000_000_000).nullable().optional();
const change = z.object({
  status: z.enum(['approved', 'suspended']).optional(),
  reason: z.string().trim().max(300).default(''),
  licence_until: z.iso.datetime({ offset: true }).nullable().optional(),
  limits: z.object({ subscribers: limit, routers: limit, staff: limit }).optional(),
});

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/tenants',
    permission: 'tenants.manage',
    summary: 'List the companies of this installation',
    answer: z.object({ items: z.array(companyAnswer), nextCursor: z.null() }),
    run: async (ctx) => ({ items: (await listCompanies(ctx)).map(companyView), nextCursor: null }),
  }),
  route({
    method: 'PATCH',
    path: '/tenants/:id',
    permission: 'tenants.manage',
    summary: 'Approve or suspend a company, or change its licence and limits; null takes a limit away',
    body: change,
    answer: companyAnswer,
    async run(ctx, { params, body }) {
      const row = await findCompany(ctx, params.id);
      if (!row) throw notFound('This company');
      if (body.status !== undefined) {
        const outcome = await decideCompany(ctx, params.id, body.status, body.reason);
        if (outcome === 'own')
          throw conflict('own_company', 'This is your own company; its door is not shut from inside.');
      }
      if (body.licence_until !== undefined || body.limits !== undefined) {
        const kept = <T>(given: T | null | undefined, before: T | null): T | undefined =>
          (given === undefined ? before : given) ?? undefined;
        const until = body.licence_until ? new Date(body.licence_until) : (body.licence_until as null | undefined);
        await licenseCompany(ctx, params.id, {
          until: kept(until, row.licence_until),
          subscribers: kept(body.limits?.subscribers, row.limit_subscribers),
          routers: kept(body.limits?.routers, row.limit_routers),
          staff: kept(body.limits?.staff, row.limit_staff),
        });
      }
      const changed = await findCompany(ctx, params.id);
      if (!changed) throw notFound('This company');
      return companyView(changed);
    },
  }),
];
