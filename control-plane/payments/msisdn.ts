import { createHash } from 'node:crypto';

/** The payer as a provider names them: in clear, with stars, or as the SHA-256 of the digits. Which it is differs by account and by call. */
export type Payer =
  { form: 'plain'; digits: string } | { form: 'hashed'; sha256: string } | { form: 'masked'; mask: string } | undefined;

/** Reads a payer's number in whatever form it came. */
export function readPayer(value: unknown): Payer {
  const text = (typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '').replaceAll(
    /[\s().+-]/g,
    '',
  );
  if (/^[0-9a-f]{64}$/i.test(text)) return { form: 'hashed', sha256: text.toLowerCase() };
  if (/^\d{9,15}$/.test(text)) return { form: 'plain', digits: kenyan(text) };
  if (/^\d{3,6}\*+\d{2,4}$/.test(text)) return { form: 'masked', mask: text };
  return undefined;
}

/** 254 and nine digits from any way of writing it. */
function kenyan(digits: string): string {
  const bare = digits.replace(/^00/, '');
  if (/^0[17]\d{8}$/.test(bare)) return `254${bare.slice(1)}`;
  return /^[17]\d{8}$/.test(bare) ? `254${bare}` : bare;
}

/** SHA-256 of the digits without a plus, as Safaricom hashes payers. */
export const msisdnHash = (digits: string): string =>
  createHash('sha256').update(digits.replace(/^\+/, '')).digest('hex');

/** Whether a payer can be this phone (E.164). Undefined: nothing speaks for or against it. */
export function isPayer(payer: Payer, phone: string): boolean | undefined {
  const digits = phone.replace(/^\+/, '');
  if (payer === undefined) return undefined;
  if (payer.form === 'plain') return payer.digits === digits;
  if (payer.form === 'hashed') return payer.sha256 === msisdnHash(digits);
  const [head = '', tail = ''] = payer.mask.split(/\*+/);
  return digits.startsWith(head) && digits.endsWith(tail) ? undefined : false;
}
