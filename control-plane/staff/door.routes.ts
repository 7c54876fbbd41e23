import { z } from 'zod';
import { publicPage, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import { Problem } from '../platform/http/problem';
import type { Call } from '../platform/http/route';
import { sessionCookie } from '../platform/http/session-cookie';
import { openConsoleSession, SESSION_TTL_S } from './console-session';
import { doorReader, landing, refusalOf, signInPage } from './door.view';
import { passkeyPlace } from './passkeys';
import { checkFirst, enter, type Proof, type Signer } from './sign-in';
import { openStep, stepCookie } from './steps';

/** Between the password and the second proof; long enough to fetch the phone. */
export const SECOND_STEP_S = 600;

const signInForm = z.object({
  email: z.string().trim().min(1).max(254),
  password: z.string().min(1).max(200),
  next: z.string().max(2000).optional(),
});

/** Opens the browser session of somebody whose proofs were right, and goes where they were going. */
export async function letIn(
  call: Call,
  web: Web,
  who: Signer,
  proof: Proof,
  next: string | undefined,
): Promise<PageResult> {
  const { secret } = await enter(call, who, 'console', proof, (ctx, staffId) =>
    openConsoleSession(ctx, staffId, call.userAgent, proof),
  );
  return seeOther(landing(next), [sessionCookie(web.publicUrl, secret, SESSION_TTL_S), stepCookie(undefined, 0)]);
}

export const doorRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/login',
    async run(call, _input, web) {
      if (call.person) return seeOther(landing(web.query['next']));
      const [row] = await call.db.outside.$queryRaw<
        { open: boolean }[]
      >`SELECT is_open AS open FROM tenant_registration`;
      return signInPage(doorReader(web), {
        email: '',
        next: web.query['next'] ?? '',
        passkeys: passkeyPlace(web) !== undefined,
        registration: row?.open ?? false,
      });
    },
  }),
  publicPage({
    method: 'POST',
    path: '/login',
    form: signInForm,
    async run(call, { form }, web) {
      const reader = doorReader(web);
      const passkeys = passkeyPlace(web) !== undefined;
      if (!form.ok) {
        const fields = Object.keys(form.fields)
          .filter((name) => name === 'email' || name === 'password')
          .map((name) => ({ name, message: reader.t(`staff.${name}_needed`) }));
        const values = { email: form.values['email'] ?? '', next: form.values['next'] ?? '', passkeys };
        return signInPage(reader, values, { status: 422, fields });
      }
      const { email, password, next } = form.value;
      try {
        const who = await checkFirst(call, { email, password });
        if (!who.needsSecond) return await letIn(call, web, who, 'password', next);
        const { tenantId, staffId } = who;
        const data = { next: landing(next) };
        const secret = await openStep(call.db.outside, 'second', { tenantId, staffId, data, seconds: SECOND_STEP_S });
        return seeOther('/login/second', [stepCookie(secret, SECOND_STEP_S)]);
      } catch (error) {
        if (!(error instanceof Problem) || (error.status !== 401 && error.status !== 429)) throw error;
        return signInPage(reader, { email, next: next ?? '', passkeys }, refusalOf(error, reader));
      }
    },
  }),
  publicPage({
    method: 'GET',
    path: '/login/lost',
    run: (_call, _input, web) =>
      Promise.resolve(view('staff/lost', { layout: 'door', title: doorReader(web).t('staff.step_lost_title') })),
  }),
];
