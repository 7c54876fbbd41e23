import { z } from 'zod';
import type { Context } from '../platform/context';
import { publicPage, seeOther, type PageResult, type PageRoute } from '../platform/http/page';
import { formErrors } from '../ui';
import { redeemVoucher } from '../vouchers';
import { deviceFields, readDevice } from './device';
import type { Door } from './door';
import { drawn, withSaid, type Stand } from './frame';
import { admit, keepConsent, makePass, newWord, passCookie, passPath, type Proof } from './passes';
import { atStand, formFields, saidIn, saidOf } from './shop.pages';

/** A pass for a service that its holder has shown to be theirs, its device let in, and on to its page. */
export async function enter(
  { ctx, door, said, locale }: Stand,
  way: { word: string; subscriptionId: bigint; proof: Proof; ip: string },
): Promise<PageResult> {
  const { word, subscriptionId, proof, ip } = way;
  const pass = await makePass(ctx, door, { word, subscriptionId, proof, device: readDevice(said), locale });
  if (!pass) return seeOther(withSaid(`/hotspot/${door.site.slug}`, said));
  await admit(ctx, pass);
  await keepConsent(ctx, door, pass, ip);
  return seeOther(passPath(door, word), [passCookie(word)]);
}

function voucherPage(stand: Stand, values: Record<string, string>, error?: string): PageResult {
  const { reader, path, said } = stand;
  const { t } = reader;
  const text = error === undefined ? undefined : t(`hotspot.voucher_${error}`);
  return drawn(
    stand,
    'voucher',
    { title: t('hotspot.voucher_title'), here: `${path}/voucher`, status: error === undefined ? 200 : 422 },
    {
      errors: text === undefined ? undefined : formErrors({ code: text }),
      word: newWord(),
      code: values['code'] ?? '',
      codeError: text,
      shop: withSaid(path, said),
    },
  );
}

async function useVoucher(ctx: Context, typed: string): Promise<{ id: bigint } | { error: string }> {
  const outcome = await redeemVoucher(ctx, typed);
  switch (outcome.kind) {
    case 'done':
    case 'used':
      // Whoever has the code has the voucher: it may be moved to another device with it.
      return outcome.voucher.subscription_id ? { id: BigInt(outcome.voucher.subscription_id) } : { error: 'unknown' };
    case 'void':
    case 'expired':
      return { error: 'over' };
    case 'mistyped':
      return { error: 'mistyped' };
    case 'unknown':
    case 'name_taken':
      return { error: 'unknown' };
  }
}

const codeForm = z.object({ ...formFields, code: z.string().trim().max(40).default('') });

function termsPage(stand: Stand, { site }: Door): PageResult {
  const { t } = stand.reader;
  const back = withSaid(stand.path, stand.said, { again: 'yes' });
  const model = { text: '', words: site.terms, back, backWord: t('hotspot.to_shop'), terms: '' };
  return drawn(stand, 'said', { title: t('hotspot.terms'), here: `${stand.path}/terms` }, model);
}

export const entryRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/hotspot/:site/voucher',
    query: z.object(deviceFields),
    run: (call, { params, query }, web) =>
      atStand(call, web, params.site, saidOf(query), (stand) => Promise.resolve(voucherPage(stand, {}))),
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/voucher',
    form: codeForm,
    // Whoever guesses codes is slowed to one in two seconds; a code has far too many letters for that.
    weight: 'costly',
    run(call, { params, form }, web) {
      const values = form.ok ? form.value : form.values;
      return atStand(call, web, params.site, saidIn(values), async (stand, ctx) => {
        if (!form.ok || form.value.code === '') return voucherPage(stand, values, 'needed');
        const used = await useVoucher(ctx, form.value.code);
        if ('error' in used) return voucherPage(stand, values, used.error);
        return enter(stand, { word: newWord(), subscriptionId: used.id, proof: 'voucher', ip: call.ip });
      });
    },
  }),
  publicPage({
    method: 'GET',
    path: '/hotspot/:site/terms',
    query: z.object(deviceFields),
    run: (call, { params, query }, web) =>
      atStand(call, web, params.site, saidOf(query), (stand, _ctx, door) => Promise.resolve(termsPage(stand, door))),
  }),
];
