import { formatMoment, formatMoney, type Reader } from '../ui';

interface Told {
  money: (cents: string) => string;
  reader: Reader;
}
/** Undefined: written by hand or by a provider, and shown as it is. */
type Words = (detail: string, told: Told) => string | undefined;

const WAY = /^(cash|bank|cheque|mpesa|familybank|stripe|wallet|float)\b *(.*)$/;
const way: Words = (detail, { reader: { t } }) => {
  const [, method, rest = ''] = WAY.exec(detail) ?? [];
  return method && `${t(`payments.method_${method}`)} ${rest}`.trim();
};
const moment: Words = (detail, { reader }) => {
  const at = new Date(detail);
  return Number.isNaN(at.getTime()) ? undefined : formatMoment(at, reader);
};

const DOUBTS = new Set(['open address', 'unknown source', 'order', 'no receipt', 'amount', 'phone', 'currency']);

const WORDS: Record<string, Words> = {
  sent: way,
  received: way,
  confirmed: way,
  listed: way,
  service_ended: moment,
  service_shortened: moment,
  credited: (detail, { money }) => (/^wallet \d+ cents$/.test(detail) ? money(/\d+/.exec(detail)![0]) : undefined),
  debt_paid: (detail, { money }) => (/^\d+ cents/.test(detail) ? money(/\d+/.exec(detail)![0]) : undefined),
  discounted(detail, { money }) {
    const [, name, cents] = /^(.*): (\d+) cents off$/.exec(detail) ?? [];
    return cents && `${name}: −${money(cents)}`;
  },
  amount_differs(detail, { money, reader: { t } }) {
    const [, what, first, second] =
      /^(asked for|booked) (\d+) cents, (?:received|the receipt says) (\d+)/.exec(detail) ?? [];
    if (first === undefined || second === undefined) return undefined;
    return t(what === 'booked' ? 'payments.step_booked_says' : 'payments.step_asked_received', {
      first: money(first),
      second: money(second),
    });
  },
  network_told(detail, { reader: { t } }) {
    const count = /^(\d+) live session/.exec(detail)?.[1];
    return count && t('payments.step_sessions', { count: Number(count) });
  },
  booked_elsewhere(detail, { reader: { t } }) {
    const id = /^as payment (\d+)$/.exec(detail)?.[1];
    return id && t('payments.step_as_payment', { id });
  },
  told_again: (detail, { reader: { t } }) =>
    /^(callback|confirmation|list|answer)$/.test(detail) ? t(`payments.step_by_${detail}`) : undefined,
  doubted: (detail, { reader: { t } }) =>
    detail
      .split(', ')
      .map((one) => (DOUBTS.has(one) ? t(`payments.doubt_${one.replaceAll(' ', '_')}`) : one))
      .join(', '),
  asked(detail, { reader: { t } }) {
    const [, kind, rest = ''] = /^(paid|pending|failed|unknown)(?:: (.*))?$/s.exec(detail) ?? [];
    return kind && [t(`payments.step_said_${kind}`), rest].filter(Boolean).join(': ');
  },
};

/**
 * What stands beside a step of a timeline, for people: steps are written down in English, cents and UTC, for programs; here they are in the reader's language and zone, and in money.
 * What a person or a provider said stays as it was said.
 */
export function stepWords(step: string, detail: string, currency: string, reader: Reader): string {
  const money = (cents: string): string => formatMoney(BigInt(cents), currency, reader.locale);
  return WORDS[step]?.(detail, { money, reader }) ?? detail.replace(/(\d+) cents/g, (_, cents: string) => money(cents));
}
