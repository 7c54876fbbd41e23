import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { forbidden, notFound } from '../platform/http/problem';
import type { Permission } from '../platform/permissions';
import { ownHand } from '../staff';
import { listPages, oneOf } from '../tables';
import { fieldsOf, formErrors, formatMoment, formatMoney, readerFor } from '../ui';
import { decideApproval } from './decide-approval';
import { approvalColumns, kindWord, stateOf } from './list.view';
import { findApproval, listApprovals } from './queries';
import { decisionInput } from './schema';
import { settingsRoutes } from './settings.routes';

const list = listPages({
  list: 'approvals',
  path: '/approvals',
  permission: 'approvals.decide',
  view: 'approvals/list',
  query: listQuery.extend({ show: oneOf(['all']) }),
  title: 'approvals.title',
  foot: 'approvals.foot',
  columns: approvalColumns,
  filters: (_ctx, { query, reader }) => [
    {
      name: 'show',
      label: reader.t('approvals.show'),
      value: query.show ?? '',
      options: [{ value: 'all', label: reader.t('approvals.show_all') }],
    },
  ],
  scope: (_ctx, { query }) => ({ all: query.show === 'all' }),
  page: (ctx, scope, { cursor, limit }) => listApprovals(ctx, { ...scope, limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('approvals.empty') }),
  model: (_ctx, { person }) => ({ maySet: person.actor.permissions.has('approvals.settings') }),
});

interface Refused {
  /** Why, of the whole or of the note. */
  title?: string;
  note?: string;
  typed?: Record<string, string>;
}

async function onePage(ctx: Context, id: bigint, person: Person, refused?: Refused): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const row = await findApproval(ctx, id);
  if (!row) throw notFound('That request');
  const own = row.asked_by !== null && row.asked_by === person.actor.id?.toString();
  const may = person.actor.permissions.has(row.permission as Permission);
  const errors: Record<string, string> = refused?.note === undefined ? {} : { note: refused.note };
  return view(
    'approvals/one',
    {
      title: formatMoney(row.amount_cents, row.currency, locale),
      kind: kindWord(row.kind, reader),
      state: stateOf(row, reader),
      errors: refused?.title === undefined ? formErrors(errors) : { title: refused.title, fields: [] },
      href: `/approvals/${id}`,
      path: row.path,
      summary: row.summary,
      facts: [
        { label: t('approvals.asked_by'), value: row.asked_name },
        { label: t('approvals.asked_at'), value: formatMoment(new Date(row.asked_at), reader) },
        ...(row.decided_name === null
          ? [{ label: t('approvals.until'), value: formatMoment(new Date(row.expires_at), reader) }]
          : [
              { label: t('approvals.decided_by'), value: row.decided_name },
              { label: t('approvals.decided_at'), value: formatMoment(new Date(row.decided_at ?? 0), reader) },
            ]),
        ...(row.note === null ? [] : [{ label: t('approvals.note'), value: row.note }]),
      ],
      why: row.state !== 'asked' ? '' : own ? t('approvals.own') : may ? '' : t('approvals.may_not'),
      decide: row.state === 'asked' &&
        !own &&
        may && {
          note: fieldsOf(
            'approvals',
            refused?.typed ?? {},
            errors,
            reader,
          )('note', { max: 300, help: t('approvals.note_help') }),
        },
    },
    refused === undefined ? {} : { status: refused.title === undefined ? 422 : 409 },
  );
}

async function decide(
  ctx: Context,
  id: bigint,
  person: Person,
  decision: { approve: boolean; note: string },
): Promise<PageResult> {
  ownHand(person);
  const { t } = readerFor(ctx, person);
  const outcome = await decideApproval(ctx, id, decision);
  switch (outcome.kind) {
    case 'done':
      return seeOther(`/approvals/${id}`);
    case 'not_found':
      throw notFound('That request');
    case 'own':
      return onePage(ctx, id, person, { title: t('approvals.own') });
    case 'gone':
      return onePage(ctx, id, person, { title: t('approvals.gone') });
    case 'forbidden':
      throw forbidden(outcome.permission);
  }
}

export const pageRoutes: PageRoute[] = [
  ...list,
  ...settingsRoutes,
  pageRoute({
    method: 'GET',
    path: '/approvals/:id',
    permission: 'approvals.decide',
    run: (ctx, { params }, _web, person) => onePage(ctx, params.id, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/approvals/:id',
    permission: 'approvals.decide',
    form: decisionInput.extend({ decision: z.enum(['approve', 'refuse']) }),
    run(ctx, { params, form }, _web, person) {
      const note_wanted = readerFor(ctx, person).t('approvals.note_wanted');
      if (!form.ok) return onePage(ctx, params.id, person, { note: note_wanted, typed: form.values });
      const { decision, note } = form.value;
      return decide(ctx, params.id, person, { approve: decision === 'approve', note });
    },
  }),
];
