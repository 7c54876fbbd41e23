import { z } from 'zod';
import type { Context } from '../platform/context';
import { publicPage, seeOther, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import type { Call } from '../platform/http/route';
import { buy, Refused, type Refusal, type Wish } from './buy';
import { deviceFields, readDevice, type Said } from './device';
import { atDoor, localeOf, type Door } from './door';
import { drawn, standAt, withSaid, type Stand } from './frame';
import { offersOf, ways, waysOf } from './offers';
import { admit, findPass, isPayer, isWord, makePass, passCookie, passPath, wordOf } from './passes';
import { recognise, type Known } from './recognise';
import { shopPage, type ShopState } from './shop.view';
import { trialWay } from './trial';

/** Of a form: what the router told, and the word that makes a second tap the same one. */
export const formFields = { ...deviceFields, word: z.string().max(60).default('') };
export const saidOf = ({ mac, login, router, lang }: Said): Said => ({ mac, login, router, lang });
/** What a form that was refused, or came without anything, still tells of the router. */
export const saidIn = (values: Record<string, string>): Said => ({
  mac: (values['mac'] ?? '').slice(0, 40),
  login: (values['login'] ?? '').slice(0, 300),
  router: (values['router'] ?? '').slice(0, 20),
  lang: (values['lang'] ?? '').slice(0, 5),
});

/** The work at a site's door, with all that its pages are drawn with. */
export function atStand<T>(
  call: Call,
  web: Web,
  slug: string,
  said: Said,
  work: (stand: Stand, ctx: Context, door: Door) => Promise<T>,
): Promise<T> {
  return atDoor(call, slug, (ctx, door) =>
    work(standAt(ctx, door, web, localeOf(web, door, said.lang), said), ctx, door),
  );
}

type Shown = Partial<Pick<ShopState, 'values' | 'errors' | 'fault' | 'status'>>;

async function shop(stand: Stand, known: Known | undefined, shown: Shown = {}): Promise<PageResult> {
  const { ctx, door, said, web } = stand;
  const device = readDevice(said);
  return shopPage(stand, {
    offers: await offersOf(ctx, door),
    ways: await waysOf(ctx, door),
    known,
    values: {},
    errors: {},
    trial: await trialWay(ctx, door, device, wordOf(web)),
    signIn: device.mac === undefined ? undefined : door.site.identity_provider?.name,
    ...shown,
  });
}

/** Its device runs already: it is being let in, and nothing more is told to whoever knows its address. */
function greeted(stand: Stand): PageResult {
  const { reader, path, said } = stand;
  return drawn(
    stand,
    'said',
    { title: reader.t('hotspot.greeted_title'), here: path, door: 'ajar' },
    {
      text: reader.t('hotspot.greeted_text'),
      back: withSaid(path, said, { again: 'yes' }),
      backWord: reader.t('hotspot.to_shop'),
    },
  );
}

async function open(stand: Stand, wantsShop: boolean): Promise<PageResult> {
  const { ctx, door, web, said } = stand;
  const known = await recognise(ctx, door, web, readDevice(said));
  if (!wantsShop && known?.kind === 'pass') return seeOther(passPath(door, known.word));
  if (!wantsShop && known?.kind === 'greeted') return greeted(stand);
  return shop(stand, known);
}

/** The shop again, with what was wrong with the wish. */
export function refused(
  call: Call,
  web: Web,
  slug: string,
  values: Record<string, string>,
  refusal: Refusal,
): Promise<PageResult> {
  return atStand(call, web, slug, saidIn(values), (stand) => {
    const { t } = stand.reader;
    switch (refusal.kind) {
      case 'invalid':
        return shop(stand, undefined, { values, errors: { [refusal.field]: refusal.field } });
      case 'too_soon':
        return shop(stand, undefined, { values, fault: t('hotspot.too_soon', { count: refusal.wait_s }), status: 429 });
      case 'sold_out':
      case 'closed':
        return shop(stand, undefined, { values, fault: t(`hotspot.${refusal.kind}`) });
    }
  });
}

/** Buys in a transaction of its own: what is refused leaves nothing behind. */
async function sell(
  call: Call,
  web: Web,
  slug: string,
  values: Record<string, string>,
  wishOf: (stand: Stand) => Promise<Omit<Wish, 'device' | 'locale' | 'ip'>>,
): Promise<PageResult> {
  try {
    return await atStand(call, web, slug, saidIn(values), async (stand, ctx, door) => {
      const wish = await wishOf(stand);
      await buy(ctx, door, { ...wish, device: readDevice(stand.said), locale: stand.locale, ip: call.ip });
      return seeOther(passPath(door, wish.word), [passCookie(wish.word)]);
    });
  } catch (error) {
    if (error instanceof Refused) return refused(call, web, slug, values, error.refusal);
    throw error;
  }
}

const word = z.string().refine(isWord, 'must come from the page');
const buyForm = z.object({
  ...formFields,
  word,
  plan: z.string().max(20).default(''),
  phone: z.string().max(40).default(''),
  way: z.enum(ways).default('mpesa'),
  accepts: z.string().max(5).default(''),
});

export const shopRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/hotspot/:site',
    query: z.object({ ...deviceFields, again: z.string().max(5).default('') }),
    run: (call, { params, query }, web) =>
      atStand(call, web, params.site, saidOf(query), (stand) => open(stand, query.again !== '')),
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/buy',
    form: buyForm,
    run(call, { params, form }, web) {
      if (!form.ok) return refused(call, web, params.site, form.values, { kind: 'invalid', field: 'plan' });
      const { value } = form;
      const wish = {
        word: value.word,
        planId: value.plan,
        phone: value.phone,
        way: value.way,
        accepts: value.accepts === 'yes',
      };
      return sell(call, web, params.site, value, () => Promise.resolve(wish));
    },
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/renew',
    form: z.object({ ...formFields, word, accepts: z.string().max(5).default('') }),
    run(call, { params, form }, web) {
      if (!form.ok) return refused(call, web, params.site, form.values, { kind: 'invalid', field: 'plan' });
      const { value } = form;
      return sell(call, web, params.site, value, async ({ ctx, door, said }) => {
        // Who pays is found again: the page that asked told nothing but a part of the number.
        const known = await recognise(ctx, door, web, readDevice(said));
        const [way = 'mpesa'] = await waysOf(ctx, door);
        if (known?.kind === 'renew')
          return { word: value.word, planId: known.planId, phone: known.phone, way, accepts: value.accepts === 'yes' };
        if (known?.kind === 'pass') throw new Moved(passPath(door, known.word));
        throw new Refused({ kind: 'invalid', field: 'plan' });
      }).catch(follow);
    },
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/here',
    form: z.object({ ...formFields, word }),
    run(call, { params, form }, web) {
      const values = form.ok ? form.value : form.values;
      return atStand(call, web, params.site, saidIn(values), async (stand, ctx, door) => {
        const old = await findPass(ctx, wordOf(web));
        if (!form.ok || !old || !isPayer(old)) return seeOther(withSaid(stand.path, stand.said));
        const device = readDevice(stand.said);
        const made = {
          word: form.value.word,
          subscriptionId: old.subscription_id,
          proof: 'pass' as const,
          device,
          locale: stand.locale,
        };
        const pass = await makePass(ctx, door, made);
        if (!pass) return seeOther(withSaid(stand.path, stand.said));
        await admit(ctx, pass);
        return seeOther(passPath(door, form.value.word), [passCookie(form.value.word)]);
      });
    },
  }),
];

/** Thrown past a purchase that is no more needed. */
class Moved extends Error {
  constructor(readonly to: string) {
    super(to);
  }
}
const follow = (error: unknown): PageResult => {
  if (error instanceof Moved) return seeOther(error.to);
  throw error;
};
