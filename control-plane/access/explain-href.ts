import type { Context } from '../platform/context';
import { keyText, listTries } from './queries';
import { decisionOf } from './replay';

/** Where a login is explained. */
export function explainHref(asked: {
  username: string;
  mac?: string | undefined;
  router_id?: string | undefined;
}): string {
  const query = new URLSearchParams({ username: asked.username });
  if (asked.mac) query.set('mac', asked.mac);
  if (asked.router_id) query.set('router_id', asked.router_id);
  return `/access/explain?${query.toString()}`;
}

/** Where it is explained why a customer cannot connect: their latest try if it was refused, as the router asked it; else the login as such. */
export async function whyHref(ctx: Context, username: string): Promise<string> {
  const [last] = await listTries(ctx, { username, all: true, days: 7, limit: 1 });
  return last && decisionOf(last) !== 'accept' ? `/access/explain?try=${keyText(last)}` : explainHref({ username });
}
