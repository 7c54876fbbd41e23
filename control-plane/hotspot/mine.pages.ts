import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { askAgain } from '../payments';
import { idField } from '../platform/http/input';
import { publicPage, seeOther, type PageResult, type PageRoute } from '../platform/http/page';
import { companyPhone } from '../subscribers';
import { formErrors } from '../ui';
import { deviceFields } from './device';
import { enter } from './entry.pages';
import { drawn, withSaid, type Stand } from './frame';
import { isWord, newWord } from './passes';
import { byReceipt, canSendCodes, CODE_MINUTES, confirmCode, findProving, ownedBy, sendCode } from './prove';
import { atStand, formFields, saidIn, saidOf } from './shop.pages';
import { untilWords } from './shop.view';
import { trialOfPhone } from './trial.pages';

/** A provider answers within seconds; who waits longer is told that it goes on by itself. */
const WAIT_MS = 5_000;
const LOOK_EVERY_MS = 250;

interface Shown {
  values?: Record<string, string>;
  errors?: Record<string, string>;
  /** Said above the form. */
  note?: string;
}

async function minePage(stand: Stand, { values = {}, errors = {}, note }: Shown): Promise<PageResult> {
  const { ctx, reader, path, said } = stand;
  const { t } = reader;
  return drawn(
    stand,
    'mine',
    {
      title: t('hotspot.mine_title'),
      sub: t('hotspot.mine_lead'),
      here: `${path}/mine`,
      status: Object.keys(errors).length > 0 ? 422 : 200,
    },
    {
      errors: formErrors(errors),
      note,
      word: newWord(),
      phoneValue: values['phone'] ?? '',
      phoneError: errors['phone'],
      receipt: values['receipt'] ?? '',
      receiptError: errors['receipt'],
      codes: await canSendCodes(ctx),
      shop: withSaid(path, said, { again: 'yes' }),
    },
  );
}

async function codePage(stand: Stand, word: string, fault?: 'wrong' | 'over'): Promise<PageResult> {
  const { ctx, reader, path, said } = stand;
  const { t } = reader;
  const proving = await findProving(ctx, word);
  if (!proving) return seeOther(withSaid(`${path}/mine`, said));
  const here = `${path}/code/${word}`;
  const mine = withSaid(`${path}/mine`, said);
  if (proving.confirmed && proving.purpose === 'trial') return seeOther(withSaid(path, said));
  if (proving.confirmed) {
    const services = (await ownedBy(ctx, proving.phone)).map(({ id, plan, until }) => ({
      id: id.toString(),
      plan,
      until: until === null ? '' : untilWords(until, reader),
    }));
    return drawn(stand, 'choose', { title: t('hotspot.choose_title'), here }, { here, services, mine });
  }
  const text = fault && t(`hotspot.code_${fault}`);
  return drawn(
    stand,
    'code',
    { title: t('hotspot.code_title'), here, status: fault === undefined ? 200 : 422 },
    {
      here,
      lead: t(proving.purpose === 'trial' ? 'hotspot.trial_code_sent' : 'hotspot.code_sent', { count: CODE_MINUTES }),
      errors: text && formErrors({ code: text }),
      codeError: text,
      other:
        proving.purpose === 'trial'
          ? { href: withSaid(`${path}/trial`, said), word: t('hotspot.trial_no_code') }
          : { href: mine, word: t('hotspot.no_code') },
    },
  );
}

const receiptOf = (text: string): string =>
  text
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '')
    .slice(0, 20);
const mineForm = z.object({
  ...formFields,
  phone: z.string().max(40).default(''),
  receipt: z.string().max(40).default(''),
  way: z.enum(['receipt', 'code']).default('receipt'),
});

type Mine = z.output<typeof mineForm>;

/** What the phone and the receipt come to; undefined while it is not known, and asked for. */
async function byPayment(stand: Stand, value: Mine, ip: string): Promise<PageResult | undefined> {
  const { ctx, reader } = stand;
  const { t } = reader;
  const phone = await companyPhone(ctx, value.phone);
  const receipt = receiptOf(value.receipt);
  if (phone === undefined || receipt.length < 4) {
    const errors = {
      ...(phone === undefined ? { phone: t('hotspot.phone_wrong') } : {}),
      ...(receipt.length < 4 ? { receipt: t('hotspot.receipt_wrong') } : {}),
    };
    return minePage(stand, { values: value, errors });
  }
  const found = await byReceipt(ctx, phone, receipt);
  if (found.kind === 'whole_needed')
    return minePage(stand, { values: value, errors: { receipt: t('hotspot.receipt_whole') } });
  if (found.kind === 'none') return undefined;
  return enter(stand, { word: newWord(), subscriptionId: found.subscriptionId, proof: 'receipt', ip });
}

export const mineRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/hotspot/:site/mine',
    query: z.object(deviceFields),
    run: (call, { params, query }, web) =>
      atStand(call, web, params.site, saidOf(query), (stand) => minePage(stand, {})),
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/mine',
    form: mineForm,
    async run(call, { params, form }, web) {
      const values = form.ok ? form.value : form.values;
      const at = <T>(work: (stand: Stand) => Promise<T>) => atStand(call, web, params.site, saidIn(values), work);
      if (!form.ok) {
        const wrong = (['phone', 'receipt'] as const).filter((name) => form.fields[name] !== undefined);
        const errors = ({ reader: { t } }: Stand) =>
          Object.fromEntries(wrong.map((name) => [name, t(`hotspot.${name}_wrong`)]));
        return at((stand) => minePage(stand, { values, errors: errors(stand) }));
      }
      const { value } = form;
      if (value.way === 'code') return at((stand) => toCode(stand, value));
      let found = await at((stand) => byPayment(stand, value, call.ip));
      if (found) return found;
      // The provider is asked; what it says within seconds is looked at once more, by the whole receipt alone: nobody waits for a guess.
      await at(async ({ ctx }) => askAgain(ctx, await companyPhone(ctx, value.phone)));
      const whole = receiptOf(value.receipt).length >= 8;
      for (const end = Date.now() + WAIT_MS; whole && !found && Date.now() < end;) {
        await sleep(LOOK_EVERY_MS);
        found = await at((stand) => byPayment(stand, value, call.ip));
      }
      return found ?? at((stand) => minePage(stand, { values, note: stand.reader.t('hotspot.receipt_none') }));
    },
  }),
  publicPage({
    method: 'GET',
    path: '/hotspot/:site/code/:word',
    query: z.object(deviceFields),
    run: (call, { params, query }, web) =>
      atStand(call, web, params.site, saidOf(query), (stand) => codePage(stand, params.word)),
  }),
  publicPage({
    method: 'POST',
    path: '/hotspot/:site/code/:word',
    form: z.object({
      ...formFields,
      code: z.string().max(20).default(''),
      service: z.union([z.literal(''), idField]).default(''),
    }),
    run(call, { params, form }, web) {
      const values = form.ok ? form.value : form.values;
      return atStand(call, web, params.site, saidIn(values as Record<string, string>), async (stand) => {
        const { ctx } = stand;
        const { word } = params;
        const service = form.ok && form.value.service !== '' ? form.value.service : undefined;
        if (service === undefined) {
          const said = await confirmCode(ctx, word, form.ok ? form.value.code : '');
          if (said !== 'right') return codePage(stand, word, said);
        }
        const proving = await findProving(ctx, word);
        if (proving?.confirmed && proving.purpose === 'trial') return trialOfPhone(stand, proving.phone, call.ip);
        const owned = proving?.confirmed ? await ownedBy(ctx, proving.phone) : [];
        const chosen =
          service === undefined ? (owned.length === 1 ? owned[0] : undefined) : owned.find(({ id }) => id === service);
        if (!chosen) return seeOther(withSaid(`${stand.path}/code/${word}`, stand.said));
        return enter(stand, { word: newWord(), subscriptionId: chosen.id, proof: 'code', ip: call.ip });
      });
    },
  }),
];

async function toCode(stand: Stand, value: Mine): Promise<PageResult> {
  const { ctx, door, locale, path, said, reader } = stand;
  const phone = await companyPhone(ctx, value.phone);
  if (phone === undefined)
    return minePage(stand, { values: value, errors: { phone: reader.t('hotspot.phone_wrong') } });
  const word = isWord(value.word) ? value.word : newWord();
  await sendCode(ctx, door, { word, phone, locale, purpose: 'service' });
  return seeOther(withSaid(`${path}/code/${word}`, said));
}
