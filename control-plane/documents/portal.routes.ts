import { z } from 'zod';
import { canSend } from '../messages';
import type { Context } from '../platform/context';
import { bytesFile, publicPage, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { companyPhone } from '../subscribers';
import { fieldsOf, formErrors } from '../ui';
import { cardRoutes } from './card.routes';
import { openPaper } from './papers';
import { frame, minePage, standAt, ticketCookie, ticketOf, type Stand } from './stand';
import { askCode, CODE_MINUTES, endTicket, findHolder, newTicket, proveTicket, type Recipient } from './ticket';

interface Asked {
  values?: Record<string, string>;
  errors?: Record<string, string>;
  warn?: string;
}

/** Asks whose documents they are. */
async function askPage(stand: Stand, { values = {}, errors = {}, warn }: Asked): Promise<PageResult> {
  const { company, reader, within } = stand;
  const { t } = reader;
  const ways = await within(waysOf);
  const field = fieldsOf('documents', values, errors, reader);
  const open = ways.sms || ways.email;
  return view(
    'documents/ask',
    {
      ...frame(stand, t('documents.title')),
      about: t(open ? 'documents.about' : 'documents.closed', { company: company.name }),
      told: warn === undefined ? undefined : { text: warn, warn: true },
      errors: formErrors(errors),
      to:
        open &&
        field('to', {
          label: t(ways.sms ? (ways.email ? 'documents.to_either' : 'documents.to_phone') : 'documents.to_email'),
          required: true,
          max: 254,
          ...(ways.email ? {} : { mode: 'tel' as const, autocomplete: 'tel' }),
          help: t('documents.to_help', { company: company.name }),
        }),
    },
    { status: warn === undefined ? (errors['to'] === undefined ? 200 : 422) : 429 },
  );
}

const waysOf = async (ctx: Context) => ({ sms: await canSend(ctx, 'sms'), email: await canSend(ctx, 'email') });

/** Where a code goes; undefined where the text is neither a phone nor a mailbox, or nothing is carried there. */
async function recipientOf(ctx: Context, text: string): Promise<Recipient | undefined> {
  const ways = await waysOf(ctx);
  if (text.includes('@')) return ways.email ? { channel: 'email', to: text.toLowerCase() } : undefined;
  const phone = ways.sms ? await companyPhone(ctx, text) : undefined;
  return phone === undefined ? undefined : { channel: 'sms', to: phone };
}

function codePage(stand: Stand, fault?: 'wrong' | 'over'): PageResult {
  const { reader } = stand;
  const { t } = reader;
  const errors: Record<string, string> = fault === undefined ? {} : { code: t(`documents.code_${fault}`) };
  const field = fieldsOf('documents', {}, errors, reader);
  return view(
    'documents/code',
    {
      ...frame(stand, t('documents.code_title')),
      about: t('documents.code_sent', { count: CODE_MINUTES }),
      errors: formErrors(errors),
      code: field('code', { required: true, mode: 'numeric', autocomplete: 'one-time-code', max: 12 }),
    },
    fault === undefined ? {} : { status: 422 },
  );
}

export const pageRoutes: PageRoute[] = [
  ...cardRoutes,
  publicPage({
    method: 'GET',
    path: '/documents/:company',
    async run(call, { params }, web) {
      const stand = await standAt(call, web, params.company);
      const mine = await stand.within(async (ctx) => {
        const holder = await findHolder(ctx, ticketOf(web));
        return holder?.kind === 'proven' ? minePage(stand, ctx, holder.ids) : undefined;
      });
      return mine ?? askPage(stand, {});
    },
  }),
  publicPage({
    method: 'POST',
    path: '/documents/:company',
    weight: 'costly',
    form: z.object({ to: z.string().trim().max(254).default('') }),
    async run(call, { params, form }, web) {
      const stand = await standAt(call, web, params.company);
      const { t, locale } = stand.reader;
      const to = form.ok ? form.value.to : '';
      const ticket = newTicket();
      const outcome = await stand.within(async (ctx) => {
        const recipient = await recipientOf(ctx, to);
        return recipient ? askCode(ctx, ticket, recipient, locale) : 'wrong';
      });
      if (outcome === 'asked') return seeOther(`/documents/${params.company}/code`, [ticketCookie(ticket)]);
      return askPage(stand, {
        values: form.values,
        ...(outcome === 'often' ? { warn: t('documents.often') } : { errors: { to: t('documents.to_needed') } }),
      });
    },
  }),
  publicPage({
    method: 'GET',
    path: '/documents/:company/code',
    async run(call, { params }, web) {
      const stand = await standAt(call, web, params.company);
      const holder = await stand.within((ctx) => findHolder(ctx, ticketOf(web)));
      return holder?.kind === 'unproven' ? codePage(stand) : seeOther(`/documents/${params.company}`);
    },
  }),
  publicPage({
    method: 'POST',
    path: '/documents/:company/code',
    form: z.object({ code: z.string().trim().max(40).default('') }),
    async run(call, { params, form }, web) {
      const stand = await standAt(call, web, params.company);
      const ticket = ticketOf(web);
      const outcome = await stand.within(async (ctx) => {
        const holder = await findHolder(ctx, ticket);
        return holder?.kind === 'proven' ? 'right' : proveTicket(ctx, ticket, form.ok ? form.value.code : '');
      });
      return outcome === 'right' ? seeOther(`/documents/${params.company}`) : codePage(stand, outcome);
    },
  }),
  publicPage({
    method: 'POST',
    path: '/documents/:company/leave',
    async run(call, { params }, web) {
      const stand = await standAt(call, web, params.company);
      await stand.within((ctx) => endTicket(ctx, ticketOf(web)));
      return seeOther(`/documents/${params.company}`, [ticketCookie('')]);
    },
  }),
  publicPage({
    method: 'GET',
    path: '/documents/:company/papers/:paper',
    weight: 'costly',
    async run(call, { params }, web) {
      const stand = await standAt(call, web, params.company);
      const paper = await stand.within(async (ctx) => {
        const holder = await findHolder(ctx, ticketOf(web));
        if (holder?.kind !== 'proven') return 'unproven';
        return openPaper(ctx, holder.ids, params.paper, stand.company, stand.reader);
      });
      if (paper === 'unproven') return seeOther(`/documents/${params.company}`);
      if (!paper) throw notFound('This paper');
      return bytesFile(paper.name, 'application/pdf', paper.bytes);
    },
  }),
];
