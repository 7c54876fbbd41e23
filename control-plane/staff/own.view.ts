import { formatMoment } from '../ui';
import type { Reader } from '../ui';
import type { BrowserSignIn, ProgramSignIn } from './console-session';
import type { SecondFactor } from './second-factor';

/** `Chrome, Android`: enough to know one's own devices apart; the whole line of the browser helps nobody. */
export function deviceOf(agent: string | null, { t }: Reader): string {
  if (!agent) return t('staff.device_unknown');
  const program = /(Edg|OPR|Firefox|Chrome|Safari)/.exec(agent)?.[1];
  const name = { Edg: 'Edge', OPR: 'Opera' }[program ?? ''] ?? program;
  const system = /(Android|iPhone|iPad|Windows|Mac OS|CrOS|Linux)/.exec(agent)?.[1];
  return [name, system].filter(Boolean).join(', ') || t('staff.device_unknown');
}

export const browserView = {
  moment: (at: Date, reader: Reader): string => formatMoment(at, reader),
  row(one: BrowserSignIn, current: bigint | undefined, reader: Reader) {
    const { t } = reader;
    return {
      id: one.id.toString(),
      device: deviceOf(one.user_agent, reader),
      current: one.id === current,
      from: [
        one.ip,
        one.impersonator_name
          ? t('staff.by_super', { name: one.impersonator_name })
          : t(`staff.proof_${one.method.replace('+', '_')}`),
      ]
        .filter(Boolean)
        .join(' · '),
      since: t('staff.since', { at: formatMoment(one.created_at, reader) }),
      seen: t('staff.seen', { at: formatMoment(one.last_seen_at, reader) }),
    };
  },
};

export function programView(one: ProgramSignIn, reader: Reader) {
  const { t } = reader;
  return {
    id: one.id.toString(),
    since: t('staff.since', { at: formatMoment(one.created_at, reader) }),
    until: t('staff.until', { at: formatMoment(one.expires_at, reader) }),
  };
}

export function secondFactorView(has: SecondFactor, { t }: Reader) {
  return {
    on: has.totp,
    word: has.totp ? t('staff.totp_on') : t('staff.totp_off'),
    left: has.totp ? t('staff.recovery_left', { count: has.recoveryLeft }) : '',
    few: has.totp && has.recoveryLeft < 3,
  };
}
