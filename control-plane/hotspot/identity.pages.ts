import { z } from 'zod';
import { openIdentityProvider } from '../sites';
import type { Context } from '../platform/context';
import { publicPage, seeOther, type Cookie, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import {
  awaitConfirmation,
  AWAY_S,
  confirmArrival,
  keepDeparture,
  personOf,
  planDeparture,
  redeem,
  serviceOfEmail,
  takeDeparture,
  type Person,
} from './away';
import { maskMac, readDevice, readMac, type Said } from './device';
import { enter } from './entry.pages';
import { drawn, standAt, withSaid, type Stand } from './frame';
import { isWord, newWord, wordOf } from './passes';
import { atStand, formFields, refused, saidIn } from './shop.pages';
import { beginTrial } from './trial';
import { alreadyIn, hadPage } from './trial.pages';

const COOKIE = 'lango_away';
const awayCookie = (word: string | undefined): Cookie => ({
  name: COOKIE,
  value: word ?? '',
  maxAgeS: word === undefined ? 0 : AWAY_S,
});
const NOWHERE: Said = { mac: '', login: '', router: '', lang: '' };

/** Where the provider sends the browser back to; on a trial the port is whatever is free. */
export function returnAddress(web: Web, slug: string): string {
  const known = new URL(web.publicUrl);
  const origin = known.hostname === new URL(web.origin).hostname ? web.origin : known.origin;
  return `${origin}/hotspot/${slug}/identity/return`;
}

/** Something about signing in that is told, with the way back to the plans. */
function told(stand: Stand, word: 'sign_in_away' | 'sign_in_refused' | 'sign_in_nothing', status: number): PageResult {
  const { reader, path, said } = stand;
  const { t } = reader;
  return drawn(
    stand,
    'said',
    { title: t(`hotspot.${word}_title`), here: path, status },
    { text: t(`hotspot.${word}`), back: withSaid(path, said, { again: 'yes' }), backWord: t('hotspot.to_shop') },
  );
}

/** A link, and not a redirect: the page's own policy lets no form lead to another site. With script it is followed by itself. */
function leavePage(stand: Stand, left: { url: string; browser: string }, name: string): PageResult {
  const { t } = stand.reader;
  return drawn(
    stand,
    'leave',
    { title: t('hotspot.sign_in', { name }), here: stand.path },
    { url: left.url, host: new URL(left.url).hostname, shop: withSaid(stand.path, stand.said, { again: 'yes' }) },
    { cookies: [awayCookie(left.browser)] },
  );
}

/** Whoever signed in gets their own service; else the site's free minutes, once. */
async function letIn(stand: Stand, { claim, email }: Person, ip: string): Promise<PageResult> {
  const { ctx, door, said, web } = stand;
  const own = email === undefined ? undefined : await serviceOfEmail(ctx, email);
  const word = newWord();
  if (own !== undefined) return enter(stand, { word, subscriptionId: own, proof: 'account', ip });
  if (door.site.trial_minutes === 0) return told(stand, 'sign_in_nothing', 409);
  const id = await beginTrial(ctx, door, readDevice(said), { held: wordOf(web), claim, word });
  if (id !== undefined) return enter(stand, { word, subscriptionId: id, proof: 'trial', ip });
  return (await alreadyIn(stand)) ?? hadPage(stand);
}

/** The stand of a device that is known only now. */
const standOf = (stand: Stand, ctx: Context, said: Said): Stand =>
  standAt(ctx, stand.door, stand.web, stand.door.site.languages.find((one) => one === said.lang) ?? stand.locale, said);

/** Of a browser that did not keep its word: nobody else's device may be let in by somebody who was sent a link. */
function confirmPage(stand: Stand, word: string): PageResult {
  const { t } = stand.reader;
  const device = maskMac(readMac(stand.said.mac) ?? '');
  return drawn(
    stand,
    'confirm',
    { title: t('hotspot.confirm_title'), here: stand.path },
    { text: t('hotspot.confirm_text', { device }), word, shop: withSaid(stand.path, stand.said, { again: 'yes' }) },
  );
}

export const identityRoutes: PageRoute[] = [
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/identity',
    form: z.object({ ...formFields, accepts: z.string().max(5).default('') }),
    weight: 'costly',
    async run(call, { params, form }, web) {
      const values = form.ok ? form.value : form.values;
      const at = <T>(work: (stand: Stand) => Promise<T>) => atStand(call, web, params.site, saidIn(values), work);
      const provider = await at(({ ctx, door }) => openIdentityProvider(ctx, door.siteId));
      if (!provider) throw notFound('Signing in here');
      const accepted = await at(({ door }) =>
        Promise.resolve(!door.site.terms_required || values['accepts'] === 'yes'),
      );
      if (!accepted) return refused(call, web, params.site, values, { kind: 'invalid', field: 'terms' });
      const leaving = await planDeparture(provider, web.publicUrl, returnAddress(web, params.site));
      return at(async (stand) => {
        if (!leaving) return told(stand, 'sign_in_away', 503);
        const left = await keepDeparture(stand.ctx, stand.door, stand.said, leaving);
        return left ? leavePage(stand, left, provider.name) : seeOther(withSaid(stand.path, stand.said));
      });
    },
  }),
  publicPage({
    method: 'GET',
    path: '/hotspot/:site/identity/return',
    async run(call, { params }, web) {
      const at = <T>(work: (stand: Stand, ctx: Context) => Promise<T>) =>
        atStand(call, web, params.site, NOWHERE, work);
      const state = (web.query['state'] ?? '').slice(0, 200);
      const browser = isWord(web.cookies[COOKIE] ?? '') ? web.cookies[COOKIE] : undefined;
      const taken = await at(({ ctx, door }) => takeDeparture(ctx, door, state, browser));
      if (!taken) return at((stand) => Promise.resolve(told(stand, 'sign_in_refused', 422)));
      const who = await redeem(taken, {
        url: new URL(new URL(web.url, web.origin).search, returnAddress(web, params.site)),
        state,
        publicUrl: web.publicUrl,
      });
      return at(async (nowhere, ctx) => {
        const stand = standOf(nowhere, ctx, taken.said);
        if (!who) return told(stand, 'sign_in_refused', 422);
        const person = personOf(ctx, who);
        if (taken.same) return letIn(stand, person, call.ip);
        return confirmPage(stand, await awaitConfirmation(ctx, taken.id, person));
      });
    },
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/identity/confirm',
    form: z.object({ word: z.string().max(60).default('') }),
    run(call, { params, form }, web) {
      const word = form.ok ? form.value.word : '';
      return atStand(call, web, params.site, NOWHERE, async (nowhere, ctx, door) => {
        const person = isWord(word) ? await confirmArrival(ctx, door, word) : undefined;
        if (!person) return told(nowhere, 'sign_in_refused', 422);
        return letIn(standOf(nowhere, ctx, person.said), person, call.ip);
      });
    },
  }),
];
