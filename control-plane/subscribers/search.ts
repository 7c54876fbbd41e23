import { isIP } from 'node:net';

/** What somebody typed, in each way that it may be meant. Of too little to look for, `text` is empty. */
export interface Typed {
  /** Trimmed, spaces made one, as it was typed otherwise. */
  text: string;
  /** Letters and digits in capitals: a receipt or a voucher, however it is grouped. */
  code: string | null;
  /** Digits of a phone number without its zero, double zero or plus: found inside the E.164 form. At least four. */
  phone: string | null;
  /** The beginning of a device as AA:BB:CC; at least six hexadecimal digits in any punctuation. */
  mac: string | null;
  /** An IPv4 or IPv6 address. */
  ip: string | null;
}

/** The fewest letters worth looking for. */
export const TYPED_MIN = 2;

/** Reads what was typed into a search: a name, a login, a phone as people write it, a MAC in any punctuation, an address, a code. */
export function readTyped(typed: string): Typed {
  const text = typed.replace(/\s+/g, ' ').trim();
  if (text.length < TYPED_MIN) return { text: '', code: null, phone: null, mac: null, ip: null };
  const digits = text.replace(/[\s().+-]/g, '').replace(/^0+/, '');
  const hex = text.replace(/[:.\- ]/g, '').toUpperCase();
  const code = text.replace(/[\s-]/g, '').toUpperCase();
  return {
    text,
    code: /^[A-Z0-9]{4,36}$/.test(code) ? code : null,
    phone: /^\d{4,15}$/.test(digits) ? digits : null,
    mac: /^[0-9A-F]{6,12}$/.test(hex) && isIP(text) === 0 ? (hex.match(/..?/g) ?? []).join(':') : null,
    ip: isIP(text) === 0 ? null : text,
  };
}

/** Which people a list shows; each key may be absent. Moments are taken as they are, days are the caller's to work out. */
export interface PeopleFilter {
  q?: string | undefined;
  /** The state of one of their services. */
  state?: string | undefined;
  plan_id?: bigint | undefined;
  online?: boolean | undefined;
  joined_from?: Date | undefined;
  joined_to?: Date | undefined;
  /** The end of a running service. */
  expires_from?: Date | undefined;
  expires_to?: Date | undefined;
}

/** The filter as the SQL functions of prisma/functions/subscriber-list.sql take it: JSON without what is not asked for. */
export function filterJson({ q, ...rest }: PeopleFilter): string {
  const { text, phone, mac, ip } = readTyped(q ?? '');
  const typed = q ? { text: text || q, phone, mac, ip } : {};
  const all = Object.entries({ ...rest, ...typed }).filter(([, value]) => value !== undefined && value !== null);
  return JSON.stringify(Object.fromEntries(all), (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}
