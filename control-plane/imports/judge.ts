import { isValidDate, readDate } from './read-date';
import { newSubscriber, normalizePhone } from '../subscribers';
import { newSubscription } from '../subscriptions';
import type { ImportField } from './columns';

/** The books, as far as a file could collide with them. */
export interface Books {
  currency: string;
  timezone: string;
  /** Plans on sale by their name in small letters, and by their id. */
  plans: Map<string, { id: string; name: string }>;
  usernames: Set<string>;
  addresses: Set<string>;
  /** Customers by phone and name in small letters. */
  customers: Map<string, string>;
}

export interface GivenRow {
  line: number;
  values: Partial<Record<ImportField, string>>;
}

/** What a row will become. */
export interface Judged {
  line: number;
  label: string;
  fate: 'will' | 'wont';
  note: string | null;
  data: RowData;
}

/** What `do-row.ts` makes of a row; `password` is in clear here and sealed before it is written. */
export interface RowData {
  name: string;
  phone: string;
  email: string | null;
  /** Without one it is a customer alone. */
  username: string | null;
  password: string | null;
  plan: string | null;
  package_id: string | null;
  static_ip: string | null;
  mac_lock: string | null;
  expires_at: string | null;
  /** The customer in the books, or the row that makes them. */
  customer_id: string | null;
  customer_row: number | null;
}

/** A plan called 10 is meant by 10, whatever plan has that id. */
export const plansByWord = (plans: { id: string; name: string }[]): Books['plans'] =>
  new Map([
    ...plans.map((plan) => [plan.id, plan] as const),
    ...plans.map((plan) => [plan.name.toLowerCase(), plan] as const),
  ]);

export const customerKey = (phone: string, name: string) => `${phone} ${name.toLowerCase().replace(/\s+/g, ' ')}`;

/** What is wrong with a row in itself; the first fault counts. */
type Read = { kind: 'read'; data: RowData } | { kind: 'wrong'; note: string };

/** Decides each row of a file in its order: what one row takes, a later one cannot have. Pure. */
export function judge(rows: GivenRow[], books: Books, defaultPlan: string | undefined): Judged[] {
  const seen = {
    usernames: new Map<string, number>(),
    addresses: new Map<string, number>(),
    customers: new Map<string, number>(),
  };
  const dateOf = datesIn(books.timezone);
  return rows.map((row, index) => {
    const seq = index + 1;
    const label = row.values.username || row.values.name || row.values.phone || `${row.line}`;
    const read = readRow(row.values, books, defaultPlan, dateOf);
    if (read.kind === 'wrong')
      return { line: row.line, label, fate: 'wont', note: read.note, data: emptyData(row.values) };
    const { data } = read;
    const verdict = collide(data, seq, books, seen);
    if (verdict.fate === 'will') {
      if (data.username !== null) seen.usernames.set(data.username, seq);
      if (data.static_ip !== null) seen.addresses.set(data.static_ip, seq);
      const key = customerKey(data.phone, data.name);
      if (!seen.customers.has(key)) seen.customers.set(key, seq);
    }
    return { line: row.line, label, ...verdict, data: { ...data, ...verdict.joins } };
  });
}

type DateOf = (text: string) => Date;

/** Thousands of rows name few different days, and a day costs more to read than the rest of its row. */
function datesIn(timezone: string): DateOf {
  const known = new Map<string, Date>();
  return (text) => {
    const date = known.get(text) ?? readDate(text, timezone);
    known.set(text, date);
    return date;
  };
}

interface Seen {
  usernames: Map<string, number>;
  addresses: Map<string, number>;
  customers: Map<string, number>;
}

function collide(
  data: RowData,
  seq: number,
  books: Books,
  seen: Seen,
): { fate: 'will' | 'wont'; note: string | null; joins?: Partial<RowData> } {
  const wont = (note: string) => ({ fate: 'wont' as const, note });
  const key = customerKey(data.phone, data.name);
  const known = books.customers.get(key);
  const earlier = seen.customers.get(key);
  if (data.username === null) {
    if (earlier !== undefined) return wont(`same_row:${earlier}`);
    return known === undefined ? { fate: 'will', note: null } : wont('known');
  }
  const twice = seen.usernames.get(data.username);
  if (twice !== undefined) return wont(`twice_in_file:${twice}`);
  if (books.usernames.has(data.username)) return wont('username_taken');
  if (data.static_ip !== null) {
    const ipTwice = seen.addresses.get(data.static_ip);
    if (ipTwice !== undefined) return wont(`ip_twice_in_file:${ipTwice}`);
    if (books.addresses.has(data.static_ip)) return wont('static_ip_taken');
  }
  if (known !== undefined) return { fate: 'will', note: 'joins_known', joins: { customer_id: known } };
  if (earlier !== undefined && earlier !== seq)
    return { fate: 'will', note: `joins_row:${earlier}`, joins: { customer_row: earlier } };
  return { fate: 'will', note: null };
}

/** A value inside a note: short, and without the mark that parts a note. */
const shown = (text: string) => text.replaceAll(':', ' ').slice(0, 40);

function readRow(values: GivenRow['values'], books: Books, defaultPlan: string | undefined, dateOf: DateOf): Read {
  const wrong = (note: string): Read => ({ kind: 'wrong', note });
  const name = values.name ?? '';
  if (name === '') return wrong('missing_name');
  // What a spreadsheet would run is no name. Ours quotes it on the way out; here it would hide in a list of thousands.
  if (/^[=+@\t]/.test(name)) return wrong('formula');
  if (!newSubscriber.shape.name.safeParse(name).success) return wrong('bad_name');
  const typed = values.phone ?? '';
  if (typed === '') return wrong('missing_phone');
  const phone = normalizePhone(typed, books.currency);
  if (phone === undefined) return wrong(`bad_phone:${shown(typed)}`);
  const email = values.email || null;
  if (email !== null && !newSubscriber.shape.email.safeParse(email).success) return wrong(`bad_email:${shown(email)}`);
  const customer = { ...emptyData(values), name, phone, email };
  if (!values.username) return values.plan ? wrong('missing_username') : { kind: 'read', data: customer };
  return readService(values, books, defaultPlan, customer, dateOf);
}

function readService(
  values: GivenRow['values'],
  books: Books,
  defaultPlan: string | undefined,
  customer: RowData,
  dateOf: DateOf,
): Read {
  const wrong = (note: string): Read => ({ kind: 'wrong', note });
  const { username, password, static_ip, mac_lock } = newSubscription.shape;
  const login = username.safeParse(values.username);
  if (!login.success) return wrong('bad_username');
  if (!values.password) return wrong('missing_password');
  const secret = password.safeParse(values.password);
  if (!secret.success) return wrong('bad_password');
  const wanted = values.plan || defaultPlan;
  if (!wanted) return wrong('missing_plan');
  const plan = books.plans.get(wanted.toLowerCase());
  if (!plan) return wrong(`unknown_plan:${shown(wanted)}`);
  const address = static_ip.safeParse(values.static_ip || null);
  if (!address.success) return wrong(`bad_static_ip:${shown(values.static_ip ?? '')}`);
  const mac = mac_lock.safeParse(values.mac_lock || null);
  if (!mac.success) return wrong(`bad_mac_lock:${shown(values.mac_lock ?? '')}`);
  const expires = values.expires ? dateOf(values.expires) : null;
  if (expires !== null && !isValidDate(expires)) return wrong(`bad_expires:${shown(values.expires ?? '')}`);
  return {
    kind: 'read',
    data: {
      ...customer,
      username: login.data,
      password: secret.data,
      plan: plan.name,
      package_id: plan.id,
      static_ip: address.data ?? null,
      mac_lock: mac.data ?? null,
      expires_at: expires?.toISOString() ?? null,
    },
  };
}

function emptyData(values: GivenRow['values']): RowData {
  return {
    name: values.name ?? '',
    phone: values.phone ?? '',
    email: values.email ?? null,
    username: null,
    password: null,
    plan: values.plan ?? null,
    package_id: null,
    static_ip: null,
    mac_lock: null,
    expires_at: null,
    customer_id: null,
    customer_row: null,
  };
}
