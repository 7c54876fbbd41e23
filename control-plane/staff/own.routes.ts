import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import type { ParamsOf } from '../platform/http/route';
import { formPages, readerFor, type FormRefusal, type FormView, type Reader } from '../ui';
import { changeOwnPassword, proveYourself } from './change-own-password';
import { endBrowser, endProgram, endSignIns, listBrowsers, listPrograms } from './console-session';
import { ownHand } from './own-hand';
import { browserView, programView, secondFactorView } from './own.view';
import { browserAnswer, creationOptions, keepPasskey, listPasskeys, passkeyPlace, removePasskey } from './passkeys';
import { newRecoveryCodes, offeredTotp, offerTotp, removeTotp, secondFactorOf, takeTotp } from './second-factor';
import { finishStep, openStep } from './steps';
import { newTotpSecret, totpUri } from './totp';
import { qrSvg } from './qr';

const PASSKEY_STEP_S = 600;
const TOLD = [
  'password',
  'totp',
  'totp_off',
  'passkey',
  'passkey_off',
  'ended',
  'ended_all',
  'passkey_refused',
] as const;

/** The page of one's own account. Its forms ask for passwords alone, which are never shown again. */
const ownPage: FormView<unknown> = {
  slice: 'staff',
  view: 'staff/me',
  word: (name, { t }) => t(name === 'fresh' ? 'staff.password_needed' : 'staff.current_needed'),
  async draw({ field }, { ctx, web, person, reader, t }) {
    const told = TOLD.find((one) => one === web.query['told']);
    const place = passkeyPlace(web);
    const secret = { type: 'password' as const, value: '', required: true };
    const second = await secondFactorOf(ctx, person.staffId);
    const passkeys = await listPasskeys(ctx, person.staffId);
    return {
      title: t('staff.own_title'),
      told: told && { text: t(`staff.told_${told}`), warn: told === 'passkey_refused' },
      needed: person.mustVisit !== undefined,
      asOther: person.impersonator !== undefined,
      who: { name: person.actor.name, email: person.email },
      current: field('current', { ...secret, autocomplete: 'current-password' }),
      fresh: field('fresh', { ...secret, autocomplete: 'new-password', help: t('staff.password_rules') }),
      second: secondFactorView(second, reader),
      passkeysPossible: place !== undefined,
      passkeysChange: place !== undefined || passkeys.length > 0,
      passkeys: passkeys.map((one) => ({
        id: one.id.toString(),
        name: one.name,
        used: one.last_used_at
          ? t('staff.used_at', { at: browserView.moment(one.last_used_at, reader) })
          : t('staff.never_used'),
      })),
      browsers: (await listBrowsers(ctx, person.staffId)).map((one) =>
        browserView.row(one, person.session?.id, reader),
      ),
      programs: (await listPrograms(ctx, person.staffId)).map((one) => programView(one, reader)),
    };
  },
};

/** Why a password that was asked for again did not do. */
function unproved(proved: { kind: 'wait'; seconds: number } | { kind: 'wrong' }, t: Reader['t']): FormRefusal {
  return proved.kind === 'wait'
    ? { kind: 'refused', errors: { current: t('staff.sign_in_wait', { count: proved.seconds }) }, status: 429 }
    : { kind: 'refused', errors: { current: t('staff.current_wrong') } };
}

const back = (told: (typeof TOLD)[number]): PageResult => seeOther(`/staff/me?told=${told}`);

/** Shows the app's secret as a QR code until a code of it has come back. */
async function codesPage(ctx: Context, person: Person, error?: string): Promise<PageResult> {
  const { t } = readerFor(ctx, person);
  let secret = await offeredTotp(ctx, person.staffId);
  if (secret === undefined) await offerTotp(ctx, person.staffId, (secret = newTotpSecret()));
  const model = {
    title: t('staff.totp_title'),
    errors: error && { fields: [{ name: 'code', message: error }] },
    qr: qrSvg(totpUri(secret, person.email)),
    secret: secret.match(/.{4}/g)?.join(' '),
    code: {
      name: 'code',
      label: t('staff.code'),
      value: '',
      mode: 'numeric',
      autocomplete: 'one-time-code',
      required: true,
      max: 10,
      error,
      help: t('staff.totp_code_help'),
    },
  };
  return view('staff/totp', model, error ? { status: 422 } : {});
}

async function showRecovery(ctx: Context, person: Person): Promise<PageResult> {
  const codes = await newRecoveryCodes(ctx, person.staffId);
  return view('staff/recovery', { title: readerFor(ctx, person).t('staff.recovery_title'), codes });
}

const proof = z.object({ current: z.string().min(1).max(200) });

/** A page part that asks for the password again before it does something that opens another door, or weakens this one. */
function guarded<const P extends string>(
  path: P,
  act: (ctx: Context, person: Person, web: Web, params: ParamsOf<P>) => Promise<PageResult>,
  /** Throws where the thing is not theirs: that is said before any password is asked for. */
  find: (ctx: Context, person: Person, params: ParamsOf<P>) => Promise<void> = () => Promise.resolve(),
): PageRoute[] {
  return formPages({
    ...ownPage,
    post: path,
    permission: 'signed_in',
    form: proof,
    async open({ ctx, person, params }) {
      ownHand(person);
      await find(ctx, person, params);
    },
    async save({ current }, { ctx, person, web, params, t }) {
      const proved = await proveYourself(ctx, person, current);
      return proved.kind === 'wait' || proved.kind === 'wrong' ? unproved(proved, t) : act(ctx, person, web, params);
    },
  });
}

export const ownRoutes: PageRoute[] = [
  ...formPages({
    ...ownPage,
    page: '/staff/me',
    post: '/staff/me/password',
    permission: 'signed_in',
    form: z.object({ current: z.string().max(200).default(''), fresh: z.string().max(200).default('') }),
    async save(value, { ctx, person, t }) {
      ownHand(person);
      const outcome = await changeOwnPassword(ctx, person, value);
      switch (outcome.kind) {
        case 'wait':
        case 'wrong':
          return unproved(outcome, t);
        case 'weak_password': {
          const weak = t(`staff.weak_${outcome.fault}`, { count: outcome.minLength });
          return { kind: 'refused', errors: { fresh: weak } };
        }
        case 'changed':
          return back('password');
      }
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/staff/me/codes',
    permission: 'signed_in',
    async run(ctx, _input, _web, person) {
      ownHand(person);
      const has = await secondFactorOf(ctx, person.staffId);
      return has.totp ? seeOther('/staff/me') : codesPage(ctx, person);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/staff/me/codes',
    permission: 'signed_in',
    form: z.object({ code: z.string().trim().max(20).default('') }),
    async run(ctx, { form }, _web, person) {
      ownHand(person);
      const { t } = readerFor(ctx, person);
      if ((await secondFactorOf(ctx, person.staffId)).totp) return seeOther('/staff/me');
      if (!form.ok || !(await takeTotp(ctx, person.staffId, form.value.code)))
        return codesPage(ctx, person, t('staff.code_wrong'));
      await recordAudit(ctx, 'staff.totp_on', { type: 'staff', id: person.staffId });
      return showRecovery(ctx, person);
    },
  }),
  ...guarded('/staff/me/codes/remove', async (ctx, person) => {
    await removeTotp(ctx, person.staffId);
    await recordAudit(ctx, 'staff.totp_off', { type: 'staff', id: person.staffId });
    return back('totp_off');
  }),
  ...guarded('/staff/me/recovery', async (ctx, person) => {
    if (!(await secondFactorOf(ctx, person.staffId)).totp) return seeOther('/staff/me');
    await recordAudit(ctx, 'staff.recovery_codes', { type: 'staff', id: person.staffId });
    return showRecovery(ctx, person);
  }),
  ...guarded('/staff/me/passkeys/new', async (ctx, person, web) => {
    const place = passkeyPlace(web);
    if (!place) return seeOther('/staff/me');
    const { t } = readerFor(ctx, person);
    const about = { staffId: person.staffId, email: person.email, name: person.actor.name };
    const options = await creationOptions(place, about, await listPasskeys(ctx, person.staffId));
    const data = { challenge: options.challenge };
    const { staffId } = person;
    // Only who gave the password holds this step, and without it no passkey is taken.
    const step = await openStep(ctx.tx, 'passkey', { tenantId: ctx.tenantId, staffId, data, seconds: PASSKEY_STEP_S });
    return view('staff/passkey-new', {
      title: t('staff.passkey_new_title'),
      options: JSON.stringify(options),
      step,
      name: {
        name: 'name',
        label: t('staff.passkey_name'),
        value: '',
        required: true,
        max: 60,
        help: t('staff.passkey_name_help'),
      },
    });
  }),
  pageRoute({
    method: 'POST',
    path: '/staff/me/passkeys',
    permission: 'signed_in',
    form: z.object({ name: z.string().trim().max(60).default(''), answer: browserAnswer, step: z.string().max(100) }),
    async run(ctx, { form }, web, person) {
      ownHand(person);
      const place = passkeyPlace(web);
      const step = form.ok && place ? await finishStep(ctx.tx, 'passkey', form.value.step) : undefined;
      if (!form.ok || !place || step?.staffId !== person.staffId) return back('passkey_refused');
      const name = form.value.name || readerFor(ctx, person).t('staff.passkey');
      const made = { answer: form.value.answer, challenge: String(step.data['challenge']), name };
      if (!(await keepPasskey(ctx, place, person.staffId, made))) return back('passkey_refused');
      await recordAudit(ctx, 'staff.passkey_on', { type: 'staff', id: person.staffId }, { name });
      return back('passkey');
    },
  }),
  ...guarded(
    '/staff/me/passkeys/:id/remove',
    async (ctx, person, _web, { id }) => {
      const name = await removePasskey(ctx, person.staffId, id);
      if (name === undefined) throw notFound('That passkey');
      await recordAudit(ctx, 'staff.passkey_off', { type: 'staff', id: person.staffId }, { name });
      return back('passkey_off');
    },
    async (ctx, person, { id }) => {
      const own = await listPasskeys(ctx, person.staffId);
      if (!own.some((passkey) => passkey.id === id)) throw notFound('That passkey');
    },
  ),
  pageRoute({
    method: 'POST',
    path: '/staff/me/browsers/:id/end',
    permission: 'signed_in',
    async run(ctx, { params }, _web, person) {
      ownHand(person);
      if (!(await endBrowser(ctx, person.staffId, params.id))) throw notFound('That sign-in');
      await recordAudit(ctx, 'staff.end_sign_in', { type: 'staff', id: person.staffId });
      return back('ended');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/staff/me/programs/:id/end',
    permission: 'signed_in',
    async run(ctx, { params }, _web, person) {
      ownHand(person);
      if (!(await endProgram(ctx, person.staffId, params.id))) throw notFound('That sign-in');
      await recordAudit(ctx, 'staff.end_sign_in', { type: 'staff', id: person.staffId });
      return back('ended');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/staff/me/end-others',
    permission: 'signed_in',
    async run(ctx, _input, _web, person) {
      ownHand(person);
      const ended = await endSignIns(ctx, person.staffId, person.session?.id);
      await recordAudit(ctx, 'staff.end_sign_ins', { type: 'staff', id: person.staffId }, { ended });
      return back('ended_all');
    },
  }),
];
