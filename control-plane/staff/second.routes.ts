import { z } from 'zod';
import { publicPage, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import { Problem } from '../platform/http/problem';
import type { Call } from '../platform/http/route';
import { sessionCookie } from '../platform/http/session-cookie';
import { openConsoleSession, SESSION_TTL_S } from './console-session';
import { letIn } from './door.routes';
import { doorReader, landing, refusalOf, type Refusal } from './door.view';
import { browserAnswer, listPasskeys, passkeyPlace, requestOptions, usedPasskey, whoseAnswer } from './passkeys';
import { secondFactorOf } from './second-factor';
import { checkSecond, enter, type Signer } from './sign-in';
import { findStep, finishStep, missStep, openStep, STEP_COOKIE, stepCookie, type OpenStep } from './steps';

const PASSKEY_STEP_S = 300;

/** Who is between the password and the second proof in this browser. */
async function signerOf(call: Call, web: Web): Promise<(Signer & { step: OpenStep; secret: string }) | undefined> {
  const secret = web.cookies[STEP_COOKIE];
  const step = await findStep(call.db.outside, 'second', secret);
  if (!secret || !step?.staffId || !step.tenantId || step.email === null) return undefined;
  return { staffId: step.staffId, tenantId: step.tenantId, email: step.email, step, secret };
}

/** Too old, used, or never begun here: the password has to be shown again. */
const lost = (): PageResult => seeOther('/login/lost', [stepCookie(undefined, 0)]);

async function secondPage(
  call: Call,
  web: Web,
  who: Signer & { secret: string },
  refusal?: Refusal,
): Promise<PageResult> {
  const reader = doorReader(web);
  const actor = {
    kind: 'staff' as const,
    id: who.staffId,
    name: who.email,
    ip: call.ip,
    permissions: new Set<never>(),
  };
  const shown = await call.db.inTenant({ tenantId: who.tenantId, actor, requestId: call.requestId }, async (ctx) => {
    const has = await secondFactorOf(ctx, who.staffId);
    const place = passkeyPlace(web);
    if (!place || has.passkeys === 0) return { has, options: undefined, passkeyStep: undefined };
    const options = await requestOptions(place, await listPasskeys(ctx, who.staffId));
    const data = { challenge: options.challenge, next: '/' };
    const passkeyStep = await openStep(ctx.tx, 'passkey', { data, seconds: PASSKEY_STEP_S });
    return { has, options, passkeyStep };
  });
  const model = {
    layout: 'door',
    title: reader.t('staff.second_title'),
    errors: refusal && { title: refusal.title, fields: refusal.fields },
    code: shown.has.totp && {
      name: 'code',
      label: reader.t('staff.code'),
      value: '',
      autocomplete: 'one-time-code',
      help: reader.t('staff.code_help'),
      max: 40,
      required: true,
      error: refusal?.fields[0]?.message,
    },
    passkey: shown.options && { options: JSON.stringify(shown.options), step: shown.passkeyStep },
  };
  return view('staff/second', model, refusal ? { status: refusal.status, headers: refusal.headers ?? {} } : {});
}

export const secondRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/login/second',
    async run(call, _input, web) {
      const who = await signerOf(call, web);
      return who ? secondPage(call, web, who) : lost();
    },
  }),
  publicPage({
    method: 'POST',
    path: '/login/second',
    form: z.object({ code: z.string().trim().min(1).max(40) }),
    async run(call, { form }, web) {
      const { t } = doorReader(web);
      const who = await signerOf(call, web);
      if (!who) return lost();
      const wrong = (message: string): Refusal => ({ status: 422, fields: [{ name: 'code', message }] });
      if (!form.ok) return secondPage(call, web, who, wrong(t('staff.code_needed')));
      try {
        const proof = await checkSecond(call, who, form.value.code);
        if (proof === undefined) {
          await missStep(call.db.outside, who.secret);
          return (await signerOf(call, web)) ? await secondPage(call, web, who, wrong(t('staff.code_wrong'))) : lost();
        }
        if (!(await finishStep(call.db.outside, 'second', who.secret))) return lost();
        return await letIn(call, web, who, proof, who.step.data['next'] ?? '/');
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 429) throw error;
        const { headers, status } = refusalOf(error, doorReader(web));
        const count = Number(error.headers['Retry-After'] ?? 30);
        return secondPage(call, web, who, {
          status,
          headers: headers ?? {},
          title: t('staff.code_wait', { count }),
          fields: [],
        });
      }
    },
  }),
  publicPage({
    method: 'GET',
    path: '/login/passkey',
    async run(call, _input, web) {
      const place = passkeyPlace(web);
      if (!place) return seeOther('/login');
      const options = await requestOptions(place, []);
      const data = { challenge: options.challenge, next: landing(web.query['next']) };
      const step = await openStep(call.db.outside, 'passkey', { data, seconds: PASSKEY_STEP_S });
      const model = {
        layout: 'door',
        title: doorReader(web).t('staff.passkey_title'),
        options: JSON.stringify(options),
        step,
      };
      return view('staff/passkey-door', model);
    },
  }),
  // The second step with a passkey ends here too: a passkey proves the person by itself, and the password came before it.
  publicPage({
    method: 'POST',
    path: '/login/passkey',
    form: z.object({ answer: browserAnswer, step: z.string().max(100) }),
    async run(call, { form }, web) {
      const { t } = doorReader(web);
      const place = passkeyPlace(web);
      const step = form.ok && place ? await finishStep(call.db.outside, 'passkey', form.value.step) : undefined;
      const challenge = step?.data['challenge'] ?? '';
      const owner =
        form.ok && place && step
          ? await whoseAnswer(call.db.outside, place, { answer: form.value.answer, challenge })
          : undefined;
      if (!owner) {
        const model = {
          layout: 'door',
          title: t('staff.passkey_title'),
          errors: { title: t('staff.passkey_refused'), fields: [] },
        };
        return view('staff/passkey-door', model, { status: 422 });
      }
      const before = await finishStep(call.db.outside, 'second', web.cookies[STEP_COOKIE]);
      const proof = before?.staffId === owner.staffId ? 'password+passkey' : 'passkey';
      const { secret } = await enter(call, owner, 'console', proof, async (ctx, staffId) => {
        await usedPasskey(ctx, owner);
        return openConsoleSession(ctx, staffId, call.userAgent, proof);
      });
      return afterPasskey(web, secret, before?.data['next'] ?? step?.data['next'] ?? '/');
    },
  }),
];

function afterPasskey(web: Web, secret: string, next: string): PageResult {
  return seeOther(landing(next), [sessionCookie(web.publicUrl, secret, SESSION_TTL_S), stepCookie(undefined, 0)]);
}
