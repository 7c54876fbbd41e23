/** Calling codes of the places whose currency a company can have; a national number is completed with its company's. */
const callingCodes: Record<string, string> = {
  KES: '254',
  TZS: '255',
  UGX: '256',
  RWF: '250',
  BIF: '257',
  ETB: '251',
  SOS: '252',
  SSP: '211',
  CDF: '243',
  ZMW: '260',
  MWK: '265',
  MZN: '258',
  ZAR: '27',
  BWP: '267',
  NAD: '264',
  NGN: '234',
  GHS: '233',
  SLE: '232',
  GMD: '220',
  EGP: '20',
  MAD: '212',
  MGA: '261',
};

/**
 * A phone number in E.164 (+254712345678), or undefined when it cannot be one. National numbers (0712…, 712… after the code) are completed
 * with the calling code of the company's currency; where we know none, the international form is needed.
 */
export function normalizePhone(text: string, currency: string): string | undefined {
  const digits = text.replace(/[\s().-]/g, '');
  const code = callingCodes[currency];
  const international = toInternational(digits, code);
  return international !== undefined && /^\+[1-9]\d{6,14}$/.test(international) ? international : undefined;
}

function toInternational(digits: string, code: string | undefined): string | undefined {
  if (digits.startsWith('+')) return digits;
  if (!/^\d+$/.test(digits)) return undefined;
  if (digits.startsWith('00')) return `+${digits.slice(2)}`;
  if (code === undefined) return undefined;
  if (digits.startsWith('0')) return `+${code}${digits.slice(1)}`;
  if (digits.startsWith(code)) return `+${digits}`;
  return digits.length === 9 ? `+${code}${digits}` : undefined;
}
