import { z } from 'zod';
import { publicPage, seeOther, type PageResult, type PageRoute } from '../platform/http/page';
import { companyPhone } from '../subscribers';
import { formErrors } from '../ui';
import { deviceFields, readDevice } from './device';
import { enter } from './entry.pages';
import { drawn, withSaid, type Stand } from './frame';
import { isWord, newWord, wordOf } from './passes';
import { sendCode } from './prove';
import { recognise } from './recognise';
import { atStand, formFields, refused, saidIn, saidOf } from './shop.pages';
import { beginTrial, claimOfPhone, trialWay } from './trial';

const trialForm = z.object({
  ...formFields,
  phone: z.string().max(40).default(''),
  accepts: z.string().max(5).default(''),
});

/** Asks for the number that the free minutes are once for. */
function phonePage(stand: Stand, values: Record<string, string> = {}, wrong: ('phone' | 'terms')[] = []): PageResult {
  const { door, reader, path, said } = stand;
  const { t } = reader;
  const errors = Object.fromEntries(wrong.map((name) => [name, t(`hotspot.${name}_wrong`)]));
  return drawn(
    stand,
    'trial',
    {
      title: t('hotspot.try', { count: door.site.trial_minutes }),
      sub: t('hotspot.trial_lead'),
      here: `${path}/trial`,
      status: wrong.length > 0 ? 422 : 200,
    },
    {
      errors: formErrors(errors),
      word: newWord(),
      phoneValue: values['phone'] ?? '',
      phoneError: errors['phone'],
      accept: door.site.terms_required,
      accepted: values['accepts'] === 'yes',
      termsError: errors['terms'],
      shop: withSaid(path, said, { again: 'yes' }),
    },
  );
}

/** What stands where the free minutes were had already. */
export function hadPage(stand: Stand): PageResult {
  const { reader, path, said } = stand;
  const { t } = reader;
  return drawn(
    stand,
    'said',
    { title: t('hotspot.trial_had_title'), here: path, status: 409 },
    {
      text: t('hotspot.trial_had', { count: stand.door.site.trial_hours }),
      back: withSaid(path, said, { again: 'yes' }),
      backWord: t('hotspot.to_shop'),
    },
  );
}

/** The way on of a device that has something already: a second tap on the same button. */
export async function alreadyIn({ ctx, door, web, said, path }: Stand): Promise<PageResult | undefined> {
  const known = await recognise(ctx, door, web, readDevice(said));
  return known?.kind === 'pass' || known?.kind === 'greeted' ? seeOther(withSaid(path, said)) : undefined;
}

/** The free minutes of a phone that has shown its code. */
export async function trialOfPhone(stand: Stand, phone: string, ip: string): Promise<PageResult> {
  const { ctx, door, said, web } = stand;
  const word = newWord();
  const whose = { held: wordOf(web), claim: claimOfPhone(ctx, phone), word };
  const id = await beginTrial(ctx, door, readDevice(said), whose);
  if (id !== undefined) return enter(stand, { word, subscriptionId: id, proof: 'trial', ip });
  return (await alreadyIn(stand)) ?? hadPage(stand);
}

export const trialRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/hotspot/:site/trial',
    query: z.object(deviceFields),
    run: (call, { params, query }, web) =>
      atStand(call, web, params.site, saidOf(query), async (stand, ctx, door) =>
        (await trialWay(ctx, door, readDevice(stand.said), wordOf(web))) === 'phone'
          ? phonePage(stand)
          : seeOther(withSaid(stand.path, stand.said)),
      ),
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/trial',
    form: trialForm,
    // It may have a message sent.
    weight: 'costly',
    run(call, { params, form }, web) {
      const values = form.ok ? form.value : form.values;
      return atStand(call, web, params.site, saidIn(values), async (stand, ctx, door) => {
        const { path, said, locale } = stand;
        const accepted = !door.site.terms_required || values['accepts'] === 'yes';
        const way = await trialWay(ctx, door, readDevice(said), wordOf(web));
        if (way === undefined) return seeOther(withSaid(path, said));
        if (way === 'tap') {
          if (!accepted) return undefined;
          const word = newWord();
          const id = await beginTrial(ctx, door, readDevice(said), { held: wordOf(web), word });
          if (id === undefined) return seeOther(withSaid(path, said));
          return enter(stand, { word, subscriptionId: id, proof: 'trial', ip: call.ip });
        }
        const phone = await companyPhone(ctx, values['phone'] ?? '');
        if (phone === undefined || !accepted)
          return phonePage(stand, values, [
            ...(phone === undefined ? ['phone' as const] : []),
            ...(accepted ? [] : ['terms' as const]),
          ]);
        const word = isWord(values['word'] ?? '') ? (values['word'] ?? '') : newWord();
        await sendCode(ctx, door, { word, phone, locale, purpose: 'trial' });
        return seeOther(withSaid(`${path}/code/${word}`, said));
      }).then((done) => done ?? refused(call, web, params.site, values, { kind: 'invalid', field: 'terms' }));
    },
  }),
];
