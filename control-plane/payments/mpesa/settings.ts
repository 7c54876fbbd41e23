import { z } from 'zod';
import { sourcesField } from '../sources';
import type { DarajaAccount } from './daraja';

/** Safaricom's addresses as its portal lists them; a call from elsewhere is not refused, it is checked by a question. */
export const SAFARICOM = [
  '196.201.214.200',
  '196.201.214.206',
  '196.201.214.207',
  '196.201.214.208',
  '196.201.213.114',
  '196.201.213.44',
  '196.201.212.127',
  '196.201.212.138',
  '196.201.212.129',
  '196.201.212.136',
  '196.201.212.74',
  '196.201.212.69',
];

const secret = (most: number) => z.string().trim().min(1, 'is needed').max(most);

export const mpesaSettings = z.object({
  environment: z.enum(['sandbox', 'production']),
  consumer_key: secret(200),
  consumer_secret: secret(200),
  /** Of a till: the store or head-office number. */
  shortcode: z
    .string()
    .trim()
    .regex(/^\d{5,7}$/, 'must be 5 to 7 digits'),
  passkey: secret(200),
  type: z.enum(['paybill', 'till']),
  /** Of a till: its own number. */
  till_number: z
    .string()
    .trim()
    .regex(/^\d{5,8}$/, 'must be 5 to 8 digits')
    .or(z.literal(''))
    .optional(),
  /** Payments made by hand to an account that nobody has: refused before the money moves, where Safaricom asks us. */
  refuse_unknown_accounts: z.boolean().optional(),
  /** The phone number that Safaricom holds for the shortcode: with it, the list of payments is read every ten minutes. */
  nominated_phone: z
    .string()
    .trim()
    .regex(/^(254[17]\d{8})?$/, 'must be as 254712345678')
    .optional(),
  /** The API user who may reverse payments, and its password as the portal seals it. Without them payments are given back in the portal. */
  initiator_name: z.string().trim().max(100).optional(),
  security_credential: z.string().trim().max(1_000).optional(),
  /** Addresses that calls are believed from; Safaricom's own where none are named. */
  sources: sourcesField,
});
export type MpesaSettings = z.output<typeof mpesaSettings>;

export function darajaAccount(settings: MpesaSettings, baseUrl: string): DarajaAccount {
  return {
    baseUrl,
    consumerKey: settings.consumer_key,
    consumerSecret: settings.consumer_secret,
    shortcode: settings.shortcode,
    passkey: settings.passkey,
    type: settings.type,
    till: settings.till_number || undefined,
    initiator: settings.initiator_name ?? '',
    credential: settings.security_credential ?? '',
  };
}

/** Whether a call from there can be Safaricom's. In the sandbox anybody may play Safaricom. */
export function isBelieved(settings: MpesaSettings, ip: string): boolean {
  const known = settings.sources ?? [];
  if (known.length > 0) return known.includes(ip);
  return settings.environment === 'sandbox' || SAFARICOM.includes(ip);
}
