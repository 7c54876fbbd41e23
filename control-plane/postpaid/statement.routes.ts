import type { Context } from '../platform/context';
import { bytesFile, pageRoute, view, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formatAmount, formatDay, readerFor } from '../ui';
import { statementQuery, type Statement, type StatementQuery } from './schema';
import { statementOf } from './statement';
import { statementPdf } from './statement-pdf';

async function mustState(ctx: Context, id: bigint, query: StatementQuery, person: Person): Promise<Statement> {
  const statement = await statementOf(ctx, id, query, person.tenant.timezone);
  if (!statement) throw notFound('That account');
  return statement;
}

export const statementRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/postpaid/customers/:id/statement',
    permission: 'postpaid.read',
    query: statementQuery,
    async run(ctx, { params, query }, _web, person) {
      const reader = readerFor(ctx, person);
      const { t, locale } = reader;
      const statement = await mustState(ctx, params.id, query, person);
      const { from, to, currency } = statement;
      const field = fieldsOf('postpaid', { from, to }, {}, reader);
      const amount = (cents: number) => formatAmount(cents, locale);
      return view('postpaid/statement', {
        title: t('postpaid.statement_title', { name: statement.client_name }),
        client: { name: statement.client_name, href: `/postpaid/customers/${params.id}` },
        href: `/postpaid/customers/${params.id}/statement`,
        pdf: `/postpaid/customers/${params.id}/statement/pdf?${new URLSearchParams({ from, to }).toString()}`,
        from: field('from', { type: 'date' }),
        to: field('to', { type: 'date' }),
        currency,
        opening: amount(statement.opening_cents),
        closing: amount(statement.closing_cents),
        items: statement.items.map((one) => ({
          day: formatDay(new Date(one.at), reader, { dateStyle: 'medium' }),
          what: t(`postpaid.kind_${one.kind}`),
          reference: one.reference,
          charged: one.amount_cents > 0 ? amount(one.amount_cents) : '',
          paid: one.amount_cents < 0 ? amount(-one.amount_cents) : '',
          balance: amount(one.balance_cents),
        })),
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/postpaid/customers/:id/statement/pdf',
    permission: 'postpaid.read',
    query: statementQuery,
    async run(ctx, { params, query }, _web, person) {
      const statement = await mustState(ctx, params.id, query, person);
      const pdf = await statementPdf(ctx, statement, person.tenant.name, readerFor(ctx, person));
      return bytesFile(`statement-${params.id}-${statement.to}.pdf`, 'application/pdf', pdf);
    },
  }),
];
