import { z } from 'zod';
import { sourcesField } from '../sources';

const text = (most: number) => z.string().trim().min(1, 'is needed').max(most);
const address = z
  .url({ protocol: /^https?$/, error: 'must be an address, as https://api.example.com' })
  .max(200)
  .or(z.literal(''))
  .optional();

/**
 * An account with Family Bank. The bank publishes no specification: the two clients that are public differ in the order of the password and in the
 * spelling of two fields, so both are said here, as are its addresses.
 */
export const familyBankSettings = z
  .object({
    environment: z.enum(['sandbox', 'production']),
    client_id: text(200),
    client_secret: text(200),
    shortcode: z
      .string()
      .trim()
      .regex(/^\d{5,7}$/, 'must be 5 to 7 digits'),
    /** Of the bank's API; in service the one that the bank has told. */
    base_url: address,
    /** Of its tokens, where they come from another host or port. */
    token_url: address,
    password_order: z.enum(['shortcode_first', 'client_first']).default('shortcode_first'),
    field_names: z.enum(['upper', 'mixed']).default('upper'),
    /** A call that says that a prompt succeeded, and names no receipt, is payment: the bank says so of some accounts. */
    paid_without_receipt: z.boolean().default(false),
    sources: sourcesField,
  })
  .refine(({ environment, base_url }) => environment === 'sandbox' || Boolean(base_url), {
    path: ['base_url'],
    message: 'is needed in service: the address that the bank has told you',
  });
export type FamilyBankSettings = z.output<typeof familyBankSettings>;

/** Whether a call to the company's own address may be the bank's; an order's call carries a word of the order besides. */
export const mayBeBank = ({ sources = [] }: FamilyBankSettings, ip: string): boolean =>
  sources.length === 0 || sources.includes(ip);

/** Whether a call that names no order of ours is certainly the bank's. */
export const isBank = ({ sources = [], environment }: FamilyBankSettings, ip: string): boolean =>
  sources.length === 0 ? environment === 'sandbox' : sources.includes(ip);
