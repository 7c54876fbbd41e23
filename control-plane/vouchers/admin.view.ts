import {
  formatBytes,
  formatCount,
  formatDay,
  formatMoment,
  formatMoney,
  formatSpeed,
  qrSvg,
  stateBadge,
  type Reader,
} from '../ui';
import type { Package } from '../plans';
import type { Batch, Voucher } from './schema';

/** A code in groups of four, as people read it out; the network takes it with or without the blanks. */
export const grouped = (code: string): string => code.replace(/(.{4})(?=.)/g, '$1 ');

/** The last whole day of a batch: its end is the midnight after. */
export function lastDay(valid_until: string | null, reader: Reader): string {
  if (valid_until === null) return '';
  return formatDay(new Date(Date.parse(valid_until) - 1), reader, { day: 'numeric', month: 'short', year: 'numeric' });
}

export function printBatch(batch: Batch, reader: Reader) {
  const { t, locale, nowMs } = reader;
  const over = batch.valid_until !== null && Date.parse(batch.valid_until) <= nowMs;
  const left = batch.count - batch.used;
  const state = batch.voided_at !== null ? 'void' : over ? 'expired' : left === 0 ? 'sold' : 'open';
  const look = { void: 'blocked', expired: 'expired', sold: 'ended', open: 'active' } as const;
  return {
    href: `/vouchers/batches/${batch.id}`,
    number: t('vouchers.batch_number', { number: batch.id }),
    plan: batch.package_name,
    price: formatMoney(batch.price_cents, batch.currency, locale),
    count: formatCount(batch.count, locale),
    used: formatCount(batch.used, locale),
    unused: formatCount(left, locale),
    part: batch.count === 0 ? 0 : batch.used / batch.count,
    prefix: batch.prefix,
    made: formatMoment(new Date(batch.created_at), reader),
    until: lastDay(batch.valid_until, reader) || t('vouchers.no_last_day'),
    state: stateBadge(look[state], reader, { word: t(`vouchers.batch_${state}`) }),
    open: state === 'open',
  };
}

const LOOK = { unused: 'pending', used: 'active', void: 'blocked', expired: 'expired' } as const;

export function printVoucher(voucher: Voucher, reader: Reader) {
  const at = (iso: string | null) => (iso === null ? '' : formatMoment(new Date(iso), reader));
  return {
    code: grouped(voucher.code),
    raw: voucher.code,
    href: `/vouchers/codes/${voucher.code}`,
    plan: voucher.package_name,
    batchHref: `/vouchers/batches/${voucher.batch_id}`,
    batch: reader.t('vouchers.batch_number', { number: voucher.batch_id }),
    state: stateBadge(LOOK[voucher.state], reader, { word: reader.t(`vouchers.state_${voucher.state}`) }),
    unused: voucher.state === 'unused',
    used: at(voucher.used_at),
    until: at(voucher.expires_at),
    why: voucher.subscription_id === null ? '' : `/access/explain?username=${voucher.code}`,
  };
}

/** What the QR code of a code holds: with the hotspot's login page a scan logs in, without it a scan gives the code. */
export const loginWith = (code: string, login: string | undefined): string =>
  login === undefined ? code : `${login}?username=${code}&password=${code}`;

/** A slip as it will be printed, with a code that nobody has. */
export function printSlip(code: string, login: string | undefined, { t }: Reader) {
  return { code: grouped(code), qr: qrSvg(loginWith(code, login), t('vouchers.qr_label', { code: grouped(code) })) };
}

export type SlipTerms = ReturnType<typeof slipTerms>;

/** What stands on each slip of a sheet. */
export function slipTerms(
  batch: Pick<Batch, 'id' | 'package_name' | 'price_cents' | 'currency' | 'valid_until'>,
  terms: Pick<Package, 'validity' | 'down_kbps' | 'quota_bytes'>,
  reader: Reader,
) {
  const { t, locale } = reader;
  return {
    plan: batch.package_name,
    price: formatMoney(batch.price_cents, batch.currency, locale),
    time: t(`plans.for_${terms.validity.unit}`, { count: terms.validity.count }),
    facts: [
      formatSpeed(terms.down_kbps, locale),
      terms.quota_bytes === null ? t('ui.no_limit') : formatBytes(terms.quota_bytes, locale),
    ].join(' · '),
    until: batch.valid_until === null ? '' : t('vouchers.use_before', { day: lastDay(batch.valid_until, reader) }),
    number: t('vouchers.batch_number', { number: batch.id }),
  };
}
