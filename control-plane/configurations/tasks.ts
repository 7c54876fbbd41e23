import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { systemActor } from '../platform/context';
import type { NamedTask, Task } from '../platform/jobs/task';
import { atRouter } from '../routers';
import { keepConfiguration } from './keep-configuration';
import { readExport } from './read-export';

const payload = z.object({ router_id: z.string().regex(/^\d+$/) });

/** Reads a router's configuration and keeps it. Nothing is held in the database while the router writes. */
const take: Task = async (given, helpers, tools) => {
  const routerId = BigInt(payload.parse(given).router_id);
  const said = await atRouter(helpers, tools, routerId, async (router) => ({
    tenantId: router.tenantId,
    export: await readExport((words) => router.ask(words)),
  }));
  if (said === undefined) return;
  const opening = { tenantId: said.tenantId, actor: systemActor('configurations.take'), requestId: randomUUID() };
  await tools.db.inTenant(opening, (ctx) => keepConfiguration(ctx, routerId, said.export));
};

export const tasks: NamedTask[] = [['configurations.take', take]];
