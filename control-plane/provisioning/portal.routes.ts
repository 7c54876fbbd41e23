import type { Context } from '../platform/context';
import { systemActor } from '../platform/context';
import { file, publicPage, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound, Problem } from '../platform/http/problem';
import type { Call } from '../platform/http/route';
import { fetchScript } from './fetch-script';
import { hashWord } from './issue-line';
import { noteProgress } from './note-progress';
import { renderFirst } from './render-script';

const script = (text: string): PageResult => file('lango.rsc', 'text/plain', text);

/** Works for the company whose router a word belongs to. @throws Problem 404 for a word that never was good, or is no more */
async function asRouter<T>(call: Call, word: string, work: (ctx: Context, routerId: bigint) => Promise<T>): Promise<T> {
  const known = /^[\w-]{32}$/.test(word)
    ? await call.db.outside.$queryRaw<
        { tenant_id: bigint; nas_id: bigint }[]
      >`SELECT tenant_id, nas_id FROM provisioning_by_word(${hashWord(word)})`
    : [];
  const [found] = known;
  if (!found)
    throw new Problem(404, 'line_not_good', 'This line is not good, or no more. Make a new one in the console.');
  const actor = { ...systemActor('provisioning'), ip: call.ip };
  return call.db.inTenant({ tenantId: found.tenant_id, actor, requestId: call.requestId }, (ctx) =>
    work(ctx, found.nas_id),
  );
}

/** What a router fetches while the pasted line is at work. It cannot sign in: the word in the address is all it has. */
export const pageRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/provisioning/:word',
    run: (call, { params }, web) =>
      asRouter(call, params.word, () =>
        Promise.resolve(script(renderFirst(`${web.publicUrl}/provisioning/${params.word}`))),
      ),
  }),
  publicPage({
    method: 'GET',
    path: '/provisioning/:word/:version',
    run: (call, { params }) =>
      asRouter(call, params.word, async (ctx, routerId) => {
        const outcome = await fetchScript(ctx, routerId, params.word, params.version, call.ip);
        if (outcome.kind === 'done') return script(outcome.script);
        if (outcome.kind === 'gone') throw notFound('This router');
        throw new Problem(
          422,
          'unknown_version',
          `RouterOS 6.49 and 7 are known here; this is ${params.version.slice(0, 20)}.`,
        );
      }),
  }),
  publicPage({
    method: 'GET',
    path: '/provisioning/:word/:step/:how',
    run: (call, { params }) =>
      asRouter(call, params.word, async (ctx, routerId) => {
        if ((await noteProgress(ctx, routerId, params.step, params.how)) === 'not_understood')
          throw notFound('This address');
        return script('');
      }),
  }),
];
