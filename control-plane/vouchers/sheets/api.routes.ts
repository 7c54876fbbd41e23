import { z } from 'zod';
import { conflict, notFound } from '../../platform/http/problem';
import { Reply, route } from '../../platform/http/route';
import { findPart, findSheet, listSheets } from './queries';
import { newSheet, sheetAnswer } from './schema';
import { startSheet } from './start-sheet';

/** Print sheets: asked for, watched, taken as PDF. */
export const sheetApi = [
  route({
    method: 'GET',
    path: '/vouchers/batches/:id/sheets',
    permission: 'vouchers.read',
    summary: 'List the print sheets of a batch that are kept (a week), newest first',
    answer: z.object({ items: z.array(sheetAnswer), nextCursor: z.null() }),
    run: async (ctx, { params }) => {
      const items = await listSheets(ctx, params.id);
      if (!items) throw notFound('This voucher batch');
      return { items, nextCursor: null };
    },
  }),
  route({
    method: 'POST',
    path: '/vouchers/batches/:id/sheets',
    permission: 'vouchers.read',
    summary:
      'Have the unused codes of a batch drawn for printing, as PDF on A4 or a roll of 58 or 80 mm, with a QR code each',
    body: newSheet,
    answer: sheetAnswer,
    run: async (ctx, { params, body }) => {
      const outcome = await startSheet(ctx, params.id, body);
      switch (outcome.kind) {
        case 'done':
          return outcome.sheet;
        case 'not_found':
          throw notFound('This voucher batch');
        case 'none_unused':
          throw conflict('none_unused', 'No code of this batch is left to print.');
      }
    },
  }),
  route({
    method: 'GET',
    path: '/vouchers/sheets/:id',
    permission: 'vouchers.read',
    summary: 'Show a print sheet: how far it is, and its files',
    answer: sheetAnswer,
    run: async (ctx, { params }) => {
      const sheet = await findSheet(ctx, params.id);
      if (!sheet) throw notFound('This print sheet');
      return sheet;
    },
  }),
  route({
    method: 'GET',
    path: '/vouchers/sheets/:id/parts/:no.pdf',
    permission: 'vouchers.read',
    summary: 'Take one file of a print sheet',
    media: 'application/pdf',
    run: async (ctx, { params }) => {
      const pdf = await findPart(ctx, params.id, params.no);
      if (!pdf) throw notFound('This file');
      return new Reply(200, pdf, {
        'content-type': 'application/pdf',
        'content-disposition': `inline; filename="vouchers-${params.id}-${params.no}.pdf"`,
      });
    },
  }),
];
