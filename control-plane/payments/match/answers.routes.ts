import { z } from 'zod';
import type { Context } from '../../platform/context';
import { cursorId, idField, listQuery } from '../../platform/http/input';
import { conflict, notFound } from '../../platform/http/problem';
import { route } from '../../platform/http/route';
import { lineUses, nameLine } from './name-line';
import { findStatement, lineStates, listLines, listStatements, listUnheard, sumLines } from './queries';
import { lineKinds } from './read-statement';

const statementAnswer = z.object({
  id: z.string(),
  provider: z.string(),
  source: z.enum(['file', 'list']),
  name: z.string(),
  from: z.string(),
  to: z.string(),
  taken_in_by: z.string(),
  created_at: z.string(),
});
/** What of a statement wants somebody is null where those before it in the list hold very many lines: GET …/:id tells it. */
const counts = { lines: z.int(), to_do: z.int().nullable(), unheard: z.int().nullable() };

const shapeOf = (row: NonNullable<Awaited<ReturnType<typeof findStatement>>>) => ({
  id: row.id.toString(),
  provider: row.method,
  source: row.source,
  name: row.name,
  from: row.from_at.toISOString(),
  to: row.to_at.toISOString(),
  taken_in_by: row.created_name,
  created_at: row.created_at.toISOString(),
});

async function mustFind(ctx: Context, id: bigint) {
  const found = await findStatement(ctx, id);
  if (!found) throw notFound('This statement');
  return found;
}

export const matchApiRoutes = [
  route({
    method: 'GET',
    path: '/billing/statements',
    permission: 'ledger.read',
    summary: 'List providers’ statements and what of them wants somebody',
    query: listQuery.omit({ q: true }),
    answer: z.object({ items: z.array(statementAnswer.extend(counts)), nextCursor: z.string().nullable() }),
    async run(ctx, { query }) {
      const page = await listStatements(ctx, { limit: query.limit, before: cursorId(query.cursor) });
      return {
        ...page,
        items: page.items.map((row) => ({
          ...shapeOf(row),
          lines: row.lines,
          to_do: row.to_do,
          unheard: row.unheard,
        })),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/billing/statements/:id',
    permission: 'ledger.read',
    summary: 'Show a statement held against the books: sums by kind, and what the provider does not know of',
    answer: statementAnswer.extend({
      sums: z.array(
        z.object({ kind: z.enum(lineKinds), lines: z.int(), to_do: z.int(), cents: z.int(), booked_cents: z.int() }),
      ),
      unheard: z.array(
        z.object({
          kind: z.string(),
          payment_id: z.string().nullable(),
          receipt: z.string().nullable(),
          amount_cents: z.int(),
          at: z.string(),
        }),
      ),
    }),
    async run(ctx, { params }) {
      const found = await mustFind(ctx, params.id);
      const sums = await sumLines(ctx, params.id);
      const unheard = await listUnheard(ctx, params.id);
      return {
        ...shapeOf(found),
        sums: sums.map(({ cents, ours, ...row }) => ({ ...row, cents: Number(cents), booked_cents: Number(ours) })),
        unheard: unheard.map((row) => ({
          kind: row.kind,
          payment_id: row.id?.toString() ?? null,
          receipt: row.receipt,
          amount_cents: Number(row.amount_cents),
          at: row.at.toISOString(),
        })),
      };
    },
  }),
  route({
    method: 'GET',
    path: '/billing/statements/:id/lines',
    permission: 'ledger.read',
    summary: 'List the lines of a statement that want somebody; all=true: all of them',
    query: listQuery.omit({ q: true }).extend({ all: z.enum(['true', 'false']).default('false') }),
    answer: z.object({
      items: z.array(
        z.object({
          id: z.string(),
          kind: z.enum(lineKinds),
          receipt: z.string(),
          amount_cents: z.int(),
          currency: z.string(),
          at: z.string(),
          state: z.enum(lineStates),
          booked_cents: z.int().nullable(),
          payment_id: z.string().nullable(),
          named: z.string().nullable(),
        }),
      ),
      nextCursor: z.string().nullable(),
    }),
    async run(ctx, { params, query }) {
      await mustFind(ctx, params.id);
      const filter = { all: query.all === 'true', limit: query.limit, before: cursorId(query.cursor) };
      const page = await listLines(ctx, params.id, filter);
      return {
        ...page,
        items: page.items.map((row) => ({
          id: row.id.toString(),
          kind: row.kind,
          receipt: row.receipt,
          amount_cents: Number(row.amount_cents),
          currency: row.currency,
          at: row.at.toISOString(),
          state: row.state,
          booked_cents: row.ours === null ? null : Number(row.ours),
          payment_id: row.payment_id?.toString() ?? null,
          named: row.named,
        })),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/billing/statements/:id/lines',
    permission: 'payments.write',
    summary: 'Say what a line is that nothing else explains, and book it where it is money moved or a charge',
    body: z.object({ line_id: idField, use: z.enum(lineUses), note: z.string().trim().min(3).max(300) }),
    answer: z.object({ id: z.string(), state: z.string() }),
    async run(ctx, { params, body }) {
      await mustFind(ctx, params.id);
      if (!(await nameLine(ctx, params.id, body.line_id, body)))
        throw conflict('explained', 'This line is explained already, or is a payment or a reversal.');
      return { id: body.line_id.toString(), state: body.use === 'named' ? 'named' : 'matched' };
    },
  }),
];
