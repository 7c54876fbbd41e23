import type { Tone } from './charts';
import type { Arch } from './icons';
import type { Reader } from './reader';

/** The one vocabulary of states. Subscription states come from the database; online, offline and blocked from the network. */
const LOOK = {
  online: ['online', 'good'],
  active: ['open', 'good'],
  offline: ['open', ''],
  up: ['online', 'good'],
  grace: ['ajar', 'warn'],
  throttled: ['ajar', 'warn'],
  garden: ['ajar', 'warn'],
  capped: ['shut', 'bad'],
  suspended: ['shut', 'bad'],
  expired: ['shut', 'bad'],
  blocked: ['shut', 'bad'],
  silent: ['shut', 'bad'],
  stale: ['ajar', 'warn'],
  paused: ['dash', ''],
  ended: ['dash', ''],
  off: ['dash', ''],
  pending: ['dotted', ''],
  unknown: ['dotted', ''],
} as const satisfies Record<string, readonly [Arch, Tone]>;

export type StateName = keyof typeof LOOK;

export interface StateBadge {
  name: StateName;
  arch: Arch;
  tone: Tone;
  word: string;
  why?: string;
  tinted?: boolean;
}

/** What the `state` partial prints. `why` is shown on tap, in text. */
export function stateBadge(
  name: StateName,
  reader: Reader,
  more: { why?: string | undefined; tinted?: boolean; word?: string } = {},
): StateBadge {
  const [arch, tone] = LOOK[name];
  const badge: StateBadge = { name, arch, tone, word: more.word ?? reader.t(`ui.state.${name}`) };
  if (more.why) badge.why = more.why;
  if (more.tinted) badge.tinted = true;
  return badge;
}

export function isStateName(name: string): name is StateName {
  return Object.hasOwn(LOOK, name);
}

export const STATE_NAMES = Object.keys(LOOK) as StateName[];

const OUTCOME_ICON = {
  done: 'check',
  waiting: 'waiting',
  unknown: 'unknown',
  failed: 'close',
  cancelled: 'cancelled',
} as const;
export type OutcomeName = keyof typeof OUTCOME_ICON;
export const OUTCOME_NAMES = Object.keys(OUTCOME_ICON) as OutcomeName[];

/** What the `outcome` partial prints: of money, messages and jobs. Unknown is never drawn as failed. */
export function outcomeBadge(name: OutcomeName, reader: Reader): { name: OutcomeName; icon: string; word: string } {
  return { name, icon: OUTCOME_ICON[name], word: reader.t(`ui.outcome.${name}`) };
}
