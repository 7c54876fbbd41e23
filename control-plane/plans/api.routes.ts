import { z } from 'zod';
import { cursorId, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { archivePackage } from './archive-package';
import { changePackage } from './change-package';
import { createPackage, type PackageOutcome } from './create-package';
import { findPackage, listPackages } from './queries';
import { newPackage, packageAnswer, packagePatch, type Package } from './schema';

function answer(outcome: PackageOutcome): Package {
  switch (outcome.kind) {
    case 'done':
      return outcome.package;
    case 'not_found':
      throw notFound('This package');
    case 'name_taken':
      throw conflict(
        'name_taken',
        'A package with this name is on sale already. Choose another name, or archive the other one first.',
        {
          name: 'is taken by another package',
        },
      );
    case 'invalid':
      throw invalid(outcome.fields);
  }
}

const packageQuery = listQuery.extend({ archived: z.enum(['true', 'false']).optional() });

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/packages',
    permission: 'plans.read',
    summary: 'List packages on sale',
    query: packageQuery,
    answer: z.object({ items: z.array(packageAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) =>
      listPackages(ctx, {
        q: query.q,
        limit: query.limit,
        before: cursorId(query.cursor),
        archived: query.archived === 'true',
      }),
  }),
  route({
    method: 'POST',
    path: '/packages',
    permission: 'plans.write',
    summary: 'Put a package on sale',
    body: newPackage,
    answer: packageAnswer,
    run: async (ctx, { body }) => answer(await createPackage(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/packages/:id',
    permission: 'plans.read',
    summary: 'Show a package',
    answer: packageAnswer,
    run: async (ctx, { params }) => {
      const found = await findPackage(ctx, params.id);
      if (!found) throw notFound('This package');
      return found;
    },
  }),
  route({
    method: 'PATCH',
    path: '/packages/:id',
    permission: 'plans.write',
    summary: 'Change what is sold from now on, as a new version',
    body: packagePatch,
    answer: packageAnswer,
    run: async (ctx, { params, body }) => answer(await changePackage(ctx, params.id, body)),
  }),
  route({
    method: 'DELETE',
    path: '/packages/:id',
    permission: 'plans.write',
    summary: 'Take a package off sale',
    run: async (ctx, { params }) => {
      if ((await archivePackage(ctx, params.id)) === 'not_found') throw notFound('This package');
    },
  }),
];
