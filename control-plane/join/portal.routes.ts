import { findPackage } from '../plans';
import type { Context, Opening } from '../platform/context';
import { toProblem } from '../platform/http/errors';
import { publicPage, seeOther, type Cookie, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import type { Call } from '../platform/http/route';
import { askAgain, askToJoin } from './ask-to-join';
import { findCompany, type JoinCompany } from './company';
import { confirmRequest } from './confirm-request';
import { codePage, formPage, joinedPage, localeOf, saidPage, type FormState } from './portal.view';
import { codeChannels, findByTicket, openPlans } from './queries';
import { codeForm, joinForm, type JoinRequest } from './schema';
import { takeIn } from './take-in';

const TICKET = 'lango_join';
/** A little longer than a code and those after it live. */
const TICKET_S = 3600;

/** Whoever it is: they have shown nothing yet but their address. */
const opening = (call: Call, company: JoinCompany): Opening => ({
  tenantId: company.tenant_id,
  requestId: call.requestId,
  actor: { kind: 'subscriber', id: null, name: 'self-registration', ip: call.ip, permissions: new Set() },
});

const within = <T>(call: Call, company: JoinCompany, work: (ctx: Context) => Promise<T>): Promise<T> =>
  call.db.inTenant(opening(call, company), work);

/** Finds the company, or says that there is none, or that nobody can join there by themselves. */
async function atDoor(
  call: Call,
  web: Web,
  slug: string | undefined,
  work: (company: JoinCompany) => Promise<PageResult>,
): Promise<PageResult> {
  const company = await findCompany(call.db.outside, slug);
  if (!company) return saidPage(web, undefined, 'nobody', 404);
  return company.is_open ? work(company) : saidPage(web, company, 'closed', 404);
}

async function showForm(call: Call, web: Web, company: JoinCompany, state: FormState): Promise<PageResult> {
  const { plans, ways } = await within(call, company, async (ctx) => ({
    plans: await openPlans(ctx),
    ways: await codeChannels(ctx),
  }));
  if (plans.length === 0 || ways.length === 0) return saidPage(web, company, 'closed', 404);
  return formPage(web, company, plans, ways, state);
}

const ticketCookie = (ticket: string): Cookie => ({ name: TICKET, value: ticket, maxAgeS: TICKET_S });
const ticketOf = (web: Web): string => {
  const ticket = web.cookies[TICKET] ?? '';
  return /^[A-Za-z0-9_-]{43}$/.test(ticket) ? ticket : '';
};

/** What somebody sees whose code was right, now and whenever they come back. */
async function showStanding(call: Call, web: Web, company: JoinCompany, request: JoinRequest): Promise<PageResult> {
  if (request.state === 'known' || request.state === 'refused') return saidPage(web, company, request.state);
  const plan = await within(call, company, (ctx) => findPackage(ctx, request.plan_id));
  if (request.state === 'joined') return joinedPage(web, company, undefined, plan);
  if (request.reason !== null) return saidPage(web, company, 'waiting');
  const outcome = await makeCustomer(call, company, request.id);
  if (outcome?.kind === 'done') return joinedPage(web, company, outcome, plan);
  return saidPage(web, company, outcome?.kind === 'known' ? 'known' : 'waiting');
}

/** In a transaction of its own: that the phone is theirs stands already, and where the company can hold no more customers staff find the request. */
async function makeCustomer(call: Call, company: JoinCompany, id: bigint) {
  try {
    const outcome = await within(call, company, (ctx) => takeIn(ctx, id, undefined));
    if (outcome.kind !== 'plan_gone') return outcome;
  } catch (error) {
    if (toProblem(error).status !== 409) throw error;
  }
  await within(
    call,
    company,
    (ctx) => ctx.tx.$executeRaw`UPDATE join_request SET reason = 'limit' WHERE id = ${id} AND state = 'waiting'`,
  );
  return undefined;
}

export const pageRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/join',
    run: (call, _input, web) =>
      atDoor(call, web, undefined, (company) => Promise.resolve(seeOther(`/join/${company.slug}`))),
  }),
  publicPage({
    method: 'GET',
    path: '/join/:company',
    run: (call, { params }, web) =>
      atDoor(call, web, params.company, (company) => showForm(call, web, company, { values: {}, errors: {} })),
  }),
  publicPage({
    method: 'POST',
    path: '/join/:company',
    form: joinForm,
    weight: 'costly',
    run: (call, { params, form }, web) =>
      atDoor(call, web, params.company, async (company) => {
        if (!form.ok) return showForm(call, web, company, { values: form.values, errors: form.fields });
        const { value } = form;
        const onward = seeOther(`/join/${company.slug}/code`, [ticketCookie(value.ticket)]);
        // A program that fills in what nobody sees goes the same way and finds nothing at its end.
        if (value.website) return onward;
        const values = Object.fromEntries(Object.entries(value).map(([name, text]) => [name, text ?? '']));
        const outcome = await within(call, company, (ctx) =>
          askToJoin(ctx, { ...value, locale: localeOf(web), ip: call.ip, currency: company.currency }),
        );
        switch (outcome.kind) {
          case 'sent':
            return onward;
          case 'often':
            return showForm(call, web, company, { values, errors: {}, fault: 'often' });
          case 'no_provider':
            return saidPage(web, company, 'closed', 404);
          case 'invalid':
            return showForm(call, web, company, {
              values,
              errors: Object.fromEntries(outcome.fields.map((name) => [name, name])),
            });
        }
      }),
  }),
  publicPage({
    method: 'GET',
    path: '/join/:company/code',
    run: (call, { params }, web) =>
      atDoor(call, web, params.company, async (company) => {
        const request = await within(call, company, (ctx) => findByTicket(ctx, ticketOf(web)));
        if (!request) return saidPage(web, company, 'gone', 404);
        if (request.state !== 'unconfirmed') return showStanding(call, web, company, request);
        return codePage(web, company, request, { again: web.query['again'] !== undefined });
      }),
  }),
  publicPage({
    method: 'POST',
    path: '/join/:company/code',
    form: codeForm,
    run: (call, { params, form }, web) =>
      atDoor(call, web, params.company, async (company) => {
        const ticket = ticketOf(web);
        const request = await within(call, company, (ctx) => findByTicket(ctx, ticket));
        if (!request) return saidPage(web, company, 'gone', 404);
        const code = form.ok ? form.value.code : '';
        const outcome = await within(call, company, (ctx) => confirmRequest(ctx, ticket, code));
        switch (outcome.kind) {
          case 'confirmed':
            return showStanding(call, web, company, outcome.request);
          case 'gone':
            return saidPage(web, company, 'gone', 404);
          case 'over':
            return codePage(web, company, request, { fault: { word: 'over' } });
          case 'wrong':
            return codePage(web, company, request, { fault: { word: 'wrong', left: outcome.left } });
        }
      }),
  }),
  publicPage({
    method: 'POST',
    path: '/join/:company/again',
    weight: 'costly',
    run: (call, { params }, web) =>
      atDoor(call, web, params.company, async (company) => {
        const ticket = ticketOf(web);
        const request = await within(call, company, (ctx) => findByTicket(ctx, ticket));
        if (!request) return saidPage(web, company, 'gone', 404);
        const outcome = await within(call, company, (ctx) => askAgain(ctx, ticket));
        if (outcome === 'often') return codePage(web, company, request, { fault: { word: 'often' } });
        if (outcome === 'no_provider') return saidPage(web, company, 'closed', 404);
        return seeOther(`/join/${company.slug}/code?again=yes`);
      }),
  }),
];
