import type { Context } from '../platform/context';
import { pageRoute, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formatBytes, formatDeadline, formatMoment, formatSpan, readerFor, type Reader } from '../ui';
import { grouped, printBatch, printVoucher } from './admin.view';
import { historyOf, type CodeEvent, type CodeHistory } from './code-history';

const LOOK: Record<CodeEvent['what'], readonly [arch: string, tone: string]> = {
  made: ['dotted', ''],
  printed: ['dotted', ''],
  given: ['open', ''],
  sold: ['open', 'good'],
  sent: ['open', ''],
  begun: ['online', 'good'],
  redeemed: ['open', 'good'],
  void: ['shut', 'bad'],
  ended: ['dash', ''],
};

/** What is left of it, as the strip shows it. */
function leftOf({ left }: CodeHistory, reader: Reader) {
  const { t, locale } = reader;
  if (!left) return undefined;
  const data =
    left.quota_bytes === null ? t('ui.no_limit') : formatBytes(Math.max(0, left.quota_bytes - left.used_bytes), locale);
  const online =
    left.online_s === null ? '' : formatSpan(Math.max(0, left.online_s - (left.online_used_s ?? 0)) * 1000);
  return {
    until: left.until === null ? '' : formatDeadline(new Date(left.until), reader),
    online: online && t('vouchers.online_left', { time: online }),
    data,
    used: t('vouchers.data_used', { bytes: formatBytes(left.used_bytes, locale) }),
    part: left.quota_bytes === null || left.quota_bytes === 0 ? 0 : left.used_bytes / left.quota_bytes,
    href: `/subscribers/${left.client_id}`,
  };
}

async function codePage(ctx: Context, person: Person, typed: string): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const history = await historyOf(ctx, typed);
  if (!history) throw notFound('That voucher');
  const { voucher, batch } = history;
  return view('vouchers/code', {
    title: grouped(voucher.code),
    voucher: printVoucher(voucher, reader),
    batch: printBatch(batch, reader),
    left: leftOf(history, reader),
    events: history.events.map(({ at, what, who }) => ({
      iso: at.toISOString(),
      time: formatMoment(at, reader),
      arch: LOOK[what][0],
      tone: LOOK[what][1],
      what: t(`vouchers.event_${what}`),
      detail: who,
    })),
    sessions: history.sessions.map((one) => ({
      device: one.mac ?? '–',
      router: one.router_name ?? '',
      since: formatMoment(new Date(one.started_at), reader),
      until: one.stopped_at === null ? t('ui.state.online') : formatMoment(new Date(one.stopped_at), reader),
      bytes: formatBytes(one.input_bytes + one.output_bytes, locale),
    })),
  });
}

/** One code with all that is known of it; the search leads here. */
export const codePages: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/vouchers/codes/:code',
    permission: 'vouchers.read',
    run: (ctx, { params }, _web, person) => codePage(ctx, person, params.code),
  }),
];
