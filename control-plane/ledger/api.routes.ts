import { z } from 'zod';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { route } from '../platform/http/route';
import { accountAnswer, listAccounts } from './queries';

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/billing/ledger/accounts',
    permission: 'ledger.read',
    summary: 'List the accounts of the ledger with their balances',
    query: listQuery.extend({ client_id: idField.optional() }),
    answer: z.object({ items: z.array(accountAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) =>
      listAccounts(ctx, { q: query.q, client_id: query.client_id, limit: query.limit, after: cursorId(query.cursor) }),
  }),
];
