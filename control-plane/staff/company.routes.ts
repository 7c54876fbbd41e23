import { z } from 'zod';
import type { Context } from '../platform/context';
import { publicPage, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import type { Call } from '../platform/http/route';
import { recordAudit } from '../audit';
import { letIn } from './door.routes';
import { doorReader, landing } from './door.view';
import { arrival, departure, discover, type Claims, type Provider } from './identity-client';
import { emailField } from './schema';
import { finishStep, openStep, STEP_COOKIE, stepCookie } from './steps';

/** There and back at the provider, a second factor included. */
const AWAY_S = 900;
const SECRET = 'tenant.identity_provider';

interface Known extends Provider {
  tenantId: bigint;
  domain: string;
}

/** The provider of the company to which this e-mail's domain belongs. Whether the person exists does not matter, and is not told. */
async function providerOf(call: Call, domain: string): Promise<Known | undefined> {
  const [row] = await call.db.outside.$queryRaw<
    { tenant_id: bigint; issuer: string; client_id: string; client_secret_enc: Uint8Array }[]
  >`SELECT * FROM tenants_identity_provider(${domain})`;
  if (!row) return undefined;
  const clientSecret = await call.db.inTenant(openingOf(call, row.tenant_id, domain), (ctx) =>
    Promise.resolve(ctx.secrets.open(SECRET, row.tenant_id, row.client_secret_enc)),
  );
  return { tenantId: row.tenant_id, issuer: row.issuer, clientId: row.client_id, clientSecret, domain };
}

function openingOf(call: Call, tenantId: bigint, name: string) {
  const actor = { kind: 'staff' as const, id: null, name, ip: call.ip, permissions: new Set<never>() };
  return { tenantId, actor, requestId: call.requestId };
}

/** Where the provider sends the browser back to; on a trial the port is whatever is free. */
function returnAddress(web: Web): string {
  const known = new URL(web.publicUrl);
  const origin = known.hostname === new URL(web.origin).hostname ? web.origin : known.origin;
  return `${origin}/login/company/return`;
}

function companyPage(web: Web, email: string, error?: string): PageResult {
  const { t } = doorReader(web);
  const model = {
    layout: 'door',
    title: t('staff.company_title'),
    errors: error && { fields: [{ name: 'email', message: error }] },
    email: {
      name: 'email',
      label: t('staff.email'),
      type: 'email',
      value: email,
      autocomplete: 'username',
      required: true,
      error,
    },
  };
  return view('staff/company', model, error ? { status: 422 } : {});
}

/**
 * The person behind the provider's claims: known from before by the provider's own name for them, or found once by an e-mail that the provider
 * vouches for and that is of the company's domain. Nobody is taken in here: an administrator invites people.
 */
async function personOf(
  ctx: Context,
  provider: Known,
  claims: Claims,
): Promise<{ id: bigint; email: string } | undefined> {
  const [known] = await ctx.tx.$queryRaw<{ id: bigint; email: string }[]>`
    SELECT s.id, s.email FROM staff_identity i JOIN staff s ON s.id = i.staff_id
    WHERE i.issuer = ${provider.issuer} AND i.subject = ${claims.subject} AND s.disabled_at IS NULL`;
  if (known) return known;
  if (!claims.email?.endsWith(`@${provider.domain}`)) return undefined;
  const [found] = await ctx.tx.$queryRaw<
    { id: bigint; email: string }[]
  >`SELECT id, email FROM staff WHERE email = ${claims.email} AND disabled_at IS NULL`;
  if (!found) return undefined;
  const taken = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM staff_identity WHERE issuer = ${provider.issuer} AND staff_id = ${found.id}`;
  // Another account at the provider came for this person before: an e-mail that was given to somebody else must not inherit.
  if (taken.length > 0) return undefined;
  await ctx.tx.$executeRaw`
    INSERT INTO staff_identity (tenant_id, staff_id, issuer, subject) VALUES (${ctx.tenantId}, ${found.id}, ${provider.issuer}, ${claims.subject})`;
  await recordAudit(ctx, 'staff.identity', { type: 'staff', id: found.id }, { issuer: provider.issuer });
  return found;
}

export const companyRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/login/company',
    run: (_call, _input, web) => Promise.resolve(companyPage(web, '')),
  }),
  publicPage({
    method: 'POST',
    path: '/login/company',
    form: z.object({ email: emailField }),
    async run(call, { form }, web) {
      const { t } = doorReader(web);
      if (!form.ok) return companyPage(web, form.values['email'] ?? '', t('staff.email_needed'));
      const { email } = form.value;
      const provider = await providerOf(call, email.split('@')[1] ?? '');
      if (!provider) return companyPage(web, email, t('staff.company_none'));
      const config = await discover(provider, web.publicUrl);
      if (!config) return companyPage(web, email, t('staff.company_away'));
      const { url, ...expected } = await departure(config, returnAddress(web), email);
      const data = { ...expected, domain: provider.domain, next: landing(web.query['next']) };
      const secret = await openStep(call.db.outside, 'oidc', { data, seconds: AWAY_S });
      // A link and not a redirect: the page's own policy lets no form lead to another site.
      const model = { layout: 'door', title: t('staff.company_title'), url, host: new URL(url).host };
      return view('staff/company-leave', model, { cookies: [stepCookie(secret, AWAY_S)] });
    },
  }),
  publicPage({
    method: 'GET',
    path: '/login/company/return',
    async run(call, _input, web) {
      const { t } = doorReader(web);
      const step = await finishStep(call.db.outside, 'oidc', web.cookies[STEP_COOKIE]);
      if (!step) return seeOther('/login/lost', [stepCookie(undefined, 0)]);
      const text = (name: string): string => step.data[name] ?? '';
      const provider = await providerOf(call, text('domain'));
      const config = provider && (await discover(provider, web.publicUrl));
      if (!provider || !config) return companyPage(web, '', t('staff.company_away'));
      const came = new URL(web.url, returnAddress(web));
      const expected = { verifier: text('verifier'), nonce: text('nonce'), state: text('state') };
      const claims = await arrival(config, came, expected);
      if (!claims) return companyPage(web, '', t('staff.company_refused'));
      const opening = openingOf(call, provider.tenantId, claims.email ?? claims.subject);
      const person = await call.db.inTenant(opening, (ctx) => personOf(ctx, provider, claims));
      if (!person) return companyPage(web, '', t('staff.company_unknown'));
      const who = { tenantId: provider.tenantId, staffId: person.id, email: person.email };
      return letIn(call, web, who, 'oidc', text('next'));
    },
  }),
];
