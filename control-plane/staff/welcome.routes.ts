import { z } from 'zod';
import type { Context } from '../platform/context';
import { publicPage, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import type { Call } from '../platform/http/route';
import { recordAudit } from '../audit';
import { setPassword } from './change-own-password';
import { endSignIns } from './console-session';
import { letIn } from './door.routes';
import { doorReader } from './door.view';
import { companyPasswordFault } from './password-policy';
import { secondFactorOf } from './second-factor';
import type { Signer } from './sign-in';
import { findStep, finishStep } from './steps';

interface Guest extends Signer {
  name: string;
}

async function guestOf(call: Call, token: string): Promise<Guest | undefined> {
  const step = await findStep(call.db.outside, 'invite', token);
  if (!step?.staffId || !step.tenantId || step.email === null) return undefined;
  return { staffId: step.staffId, tenantId: step.tenantId, email: step.email, name: step.name ?? step.email };
}

function welcomePage(web: Web, token: string, guest: Guest, error?: string): PageResult {
  const { t } = doorReader(web);
  const model = {
    layout: 'door',
    title: t('staff.welcome_title', { name: guest.name }),
    action: `/login/welcome/${token}`,
    email: guest.email,
    errors: error && { fields: [{ name: 'fresh', message: error }] },
    fresh: {
      name: 'fresh',
      label: t('staff.fresh'),
      type: 'password',
      value: '',
      autocomplete: 'new-password',
      required: true,
      help: t('staff.password_rules'),
      error,
    },
  };
  return view('staff/welcome', model, error ? { status: 422 } : {});
}

const over = (web: Web): PageResult =>
  view('staff/lost', { layout: 'door', title: doorReader(web).t('staff.invite_over_title') }, { status: 404 });

/**
 * What one link does: the password it brings is the person's from now on, and all that signed in with the old one is out. The link ends with that, in one
 * transaction: of two who come with it at once, one finds it used.
 */
async function choose(
  ctx: Context,
  guest: Guest,
  token: string,
  password: string,
): Promise<{ kind: 'weak'; fault: string; least: number } | { kind: 'used' } | { kind: 'done'; second: boolean }> {
  const { fault, minLength } = await companyPasswordFault(ctx, password, guest);
  if (fault) return { kind: 'weak', fault, least: minLength };
  if (!(await finishStep(ctx.tx, 'invite', token))) return { kind: 'used' };
  await setPassword(ctx, guest.staffId, password);
  await endSignIns(ctx, guest.staffId);
  await recordAudit(ctx, 'staff.choose_password', { type: 'staff', id: guest.staffId });
  const has = await secondFactorOf(ctx, guest.staffId);
  return { kind: 'done', second: has.totp || has.passkeys > 0 };
}

export const welcomeRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/login/welcome/:token',
    async run(call, { params }, web) {
      const guest = await guestOf(call, params.token);
      return guest ? welcomePage(web, params.token, guest) : over(web);
    },
  }),
  publicPage({
    method: 'POST',
    path: '/login/welcome/:token',
    form: z.object({ fresh: z.string().max(200).default('') }),
    async run(call, { params, form }, web) {
      const { t } = doorReader(web);
      const guest = await guestOf(call, params.token);
      if (!guest) return over(web);
      if (!form.ok) return welcomePage(web, params.token, guest, t('staff.password_needed'));
      const actor = {
        kind: 'staff' as const,
        id: guest.staffId,
        name: guest.email,
        ip: call.ip,
        permissions: new Set<never>(),
      };
      const opening = { tenantId: guest.tenantId, actor, requestId: call.requestId };
      const chosen = await call.db.inTenant(opening, (ctx) => choose(ctx, guest, params.token, form.value.fresh));
      switch (chosen.kind) {
        case 'weak':
          return welcomePage(web, params.token, guest, t(`staff.weak_${chosen.fault}`, { count: chosen.least }));
        case 'used':
          return over(web);
        case 'done':
          return chosen.second ? seeOther('/login') : letIn(call, web, guest, 'invitation', '/');
      }
    },
  }),
];
