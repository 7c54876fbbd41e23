import { z } from 'zod';
import { cursorId, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { archivePackage } from './archive-package';
import { changePackage } from './change-package';
import { createPackage, type PackageOutcome } from './create-package';
import {
  archiveProfile,
  changeProfile,
  createProfile,
  findProfile,
  listProfiles,
  newProfile,
  profileAnswer,
  profileChange,
  type Profile,
  type ProfileOutcome,
} from './profile';
import { findPackage, listPackages } from './queries';
import { restorePackage } from './restore-package';
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

function profileOf(outcome: ProfileOutcome): Profile {
  switch (outcome.kind) {
    case 'done':
      return outcome.profile;
    case 'not_found':
      throw notFound('This profile');
    case 'name_taken':
      throw conflict('name_taken', 'A profile with this name exists already. Choose another name.', {
        name: 'is taken by another profile',
      });
    case 'changed_meanwhile':
      throw conflict(
        'changed_meanwhile',
        `Somebody changed this profile; it is at version ${outcome.version}. Read it again.`,
      );
    case 'plan_refuses':
      throw conflict(
        'plan_refuses',
        `The package ${outcome.plan} has steps or hours that do not go with this speed. Change it first, or send plans: keep.`,
      );
  }
}

const profileRoutes = [
  route({
    method: 'GET',
    path: '/packages/profiles',
    permission: 'plans.read',
    summary: 'List bandwidth profiles with the packages on sale that use each',
    answer: z.object({ items: z.array(profileAnswer), nextCursor: z.null() }),
    run: async (ctx) => ({ items: await listProfiles(ctx), nextCursor: null }),
  }),
  route({
    method: 'POST',
    path: '/packages/profiles',
    permission: 'plans.write',
    summary: 'Add a bandwidth profile',
    body: newProfile,
    answer: profileAnswer,
    run: async (ctx, { body }) => profileOf(await createProfile(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/packages/profiles/:id',
    permission: 'plans.read',
    summary: 'Show a bandwidth profile',
    answer: profileAnswer,
    run: async (ctx, { params }) => {
      const found = await findProfile(ctx, params.id);
      if (!found) throw notFound('This profile');
      return found;
    },
  }),
  route({
    method: 'PUT',
    path: '/packages/profiles/:id',
    permission: 'plans.write',
    summary: 'Change a bandwidth profile; packages keep their speed unless asked otherwise',
    body: profileChange,
    answer: profileAnswer,
    run: async (ctx, { params, body }) => profileOf(await changeProfile(ctx, params.id, body)),
  }),
  route({
    method: 'DELETE',
    path: '/packages/profiles/:id',
    permission: 'plans.write',
    summary: 'Take a bandwidth profile away; packages made from it keep their speed',
    run: async (ctx, { params }) => {
      if ((await archiveProfile(ctx, params.id)) === 'not_found') throw notFound('This profile');
    },
  }),
];

const packageQuery = listQuery.extend({ archived: z.enum(['true', 'false']).optional() });

export const apiRoutes = [
  ...profileRoutes,
  route({
    method: 'POST',
    path: '/packages/:id/restore',
    permission: 'plans.write',
    summary: 'Put an archived package on sale again',
    status: 200,
    answer: packageAnswer,
    run: async (ctx, { params }) => {
      const outcome = await restorePackage(ctx, params.id);
      if (outcome === 'not_found') throw notFound('This package');
      if (outcome === 'name_taken') return answer({ kind: 'name_taken' });
      const found = await findPackage(ctx, params.id);
      if (!found) throw new Error(`package ${params.id} is not on sale after it was put there`);
      return found;
    },
  }),
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
