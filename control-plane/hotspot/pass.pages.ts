import { z } from 'zod';
import { publicPage, seeOther, type PageResult, type PageRoute } from '../platform/http/page';
import { ask, Refused } from './buy';
import type { Said } from './device';
import { drawn, type Stand } from './frame';
import { waysOf, type Way } from './offers';
import { passPage } from './pass.view';
import { admit, findPass, isPayer, passPath, type Pass } from './passes';
import { atStand } from './shop.pages';
import { phaseOf, standingOf } from './standing';

/** What the pass itself knows of its router, so that the pages behind it need no cookie. */
const saidBy = (pass: Pass, lang: string): Said => ({
  mac: pass.mac ?? '',
  login: pass.login_url ?? '',
  router: pass.nas_id?.toString() ?? '',
  lang,
});

async function show(stand: Stand, word: string, fault?: string): Promise<PageResult> {
  const { ctx } = stand;
  const pass = await findPass(ctx, word);
  if (!pass) return gone(stand);
  const s = await standingOf(ctx, pass);
  const phase = phaseOf(s, pass);
  // It was not let in by itself: once more, as often as the router may be asked.
  if ((phase === 'near' || phase === 'slow') && pass.mac !== null)
    await ctx.tx.$queryRaw`SELECT hotspot_greet(${pass.mac}, ${pass.nas_id}::bigint)`;
  return passPage({ ...stand, said: saidBy(pass, stand.said.lang) }, { pass, word, s, phase }, fault);
}

function gone(stand: Stand): PageResult {
  const { t } = stand.reader;
  const model = { text: t('hotspot.gone_text'), back: stand.path, backWord: t('hotspot.to_shop') };
  return drawn(stand, 'said', { title: t('hotspot.gone_title'), here: stand.path, status: 404 }, model);
}

const query = z.object({ lang: z.string().max(5).default('') });
const nothing = (lang: string): Said => ({ mac: '', login: '', router: '', lang });

/** Asks for what is missing, of the phone that was asked before or else the customer's. */
async function askAgain(stand: Stand, pass: Pass, seen: string): Promise<void> {
  const { ctx, door } = stand;
  const s = await standingOf(ctx, pass);
  const phase = phaseOf(s, pass);
  // The page is older than the last wish: that one stands.
  if (!['failed', 'asking', 'short', 'ended'].includes(phase) || (s.pay_ref ?? '') !== seen) return;
  const open = await waysOf(ctx, door);
  const way = open.find((one) => one === s.pay_method) ?? open[0];
  const phone = s.pay_phone ?? s.phone;
  if (phone === null || way === undefined) throw new Refused({ kind: 'closed' });
  const rest = s.price_cents - s.wallet_cents;
  await ask(ctx, pass, phone, way satisfies Way, phase === 'short' && rest > 0n ? wholeUnits(rest, way) : undefined);
}

/** M-Pesa moves whole shillings. */
const wholeUnits = (cents: bigint, way: Way): number =>
  Number(way === 'stripe' ? cents : ((cents + 99n) / 100n) * 100n);

export const passRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/hotspot/:site/pass/:word',
    query,
    run: (call, { params, query: { lang } }, web) =>
      atStand(call, web, params.site, nothing(lang), (stand) => show(stand, params.word)),
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/pass/:word/again',
    form: z.object({ lang: z.string().max(5).default(''), seen: z.string().max(20).default('') }),
    async run(call, { params, form }, web) {
      const { lang = '', seen = '' } = form.ok ? form.value : {};
      try {
        return await atStand(call, web, params.site, nothing(lang), async (stand, ctx, door) => {
          const pass = await findPass(ctx, params.word);
          if (!pass) return gone(stand);
          await askAgain(stand, pass, seen);
          return seeOther(passPath(door, params.word));
        });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        const { refusal } = error;
        return await atStand(call, web, params.site, nothing(lang), (stand) => {
          const { t } = stand.reader;
          const text =
            refusal.kind === 'too_soon'
              ? t('hotspot.too_soon', { count: refusal.wait_s })
              : t(refusal.kind === 'sold_out' ? 'hotspot.sold_out' : 'hotspot.closed');
          return show(stand, params.word, text);
        });
      }
    },
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/pass/:word/here',
    form: query,
    run: (call, { params, form }, web) =>
      atStand(call, web, params.site, nothing(form.ok ? form.value.lang : ''), async (stand, ctx, door) => {
        const pass = await findPass(ctx, params.word);
        if (!pass) return gone(stand);
        if (isPayer(pass)) await admit(ctx, pass);
        return seeOther(passPath(door, params.word));
      }),
  }),
];
