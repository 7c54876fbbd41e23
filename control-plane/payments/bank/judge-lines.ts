import { addDays, type BankLine, type ReadLine, type Unread } from './read-lines';

/** A movement of our bank's account that no line of a statement is tied to. Times are the company's days. */
export interface Movement {
  transfer_id: string;
  /** Into the account above zero. */
  amount_cents: bigint;
  day: string;
  reference: string;
  payment_id: string | null;
  subscriber_id: string | null;
  name: string | null;
}

/** A cheque that its bank has not paid yet. */
export interface OpenCheque {
  payment_id: string;
  amount_cents: bigint;
  reference: string;
  subscriber_id: string;
  name: string;
}

export interface Owner {
  subscriber_id: string;
  subscription_id: string | null;
  name: string;
}

/** What the books hold that a statement could tell of. */
export interface Books {
  movements: Movement[];
  cheques: OpenCheque[];
  /** Lines that stand on a statement, by what makes them one of their own. */
  known: Set<string>;
  /** Whom a text names, by the text as `textsOf` gives it. */
  owners: Map<string, Owner>;
}

/** What is done with a line. */
export type Deed =
  | { what: 'tie'; transfer_id: string }
  | { what: 'clear'; payment_id: string }
  | { what: 'credit'; subscription_id: string | null }
  | { what: 'hold' | 'fee' | 'open' };

export interface JudgedLine {
  line: number;
  fate: 'will' | 'wont';
  /** A code with a word in `bulk.note_bank_…`. */
  note: string;
  label: string;
  /** Whose payment it is, or will be. */
  subscriber_id: string | null;
  name: string;
  of: (BankLine & { id: string; kind: LineKind; deed: Deed }) | undefined;
}
type LineKind = 'payment' | 'fee' | 'other';

/** A reference is looked for so many days around; without one, an amount alone so many. */
const REFERENCE_DAYS = 31;
const DAYS_AROUND = [-3, -2, -1, 0, 1, 2, 3];

/** A reference as it is compared. */
export const bare = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]/g, '');
const daysApart = (a: string, b: string): number => Math.abs(Date.parse(a) - Date.parse(b)) / 86_400_000;

/** The words of a line that may be a reference of ours. */
export function wordsOf({
  reference,
  account,
  description,
}: Pick<BankLine, 'reference' | 'account' | 'description'>): Set<string> {
  const all = [reference, account, description].flatMap((text) => [text, ...text.split(/[\s,;:/|*~#]+/)]);
  return new Set(all.map(bare).filter((word) => word.length >= 3));
}

/**
 * The texts in which a line names its customer: what the customer wrote, whole; else, in the bank's own words, what holds letters and figures both: an order's
 * reference or a login. A number there is as often the payer's phone or the bank's own, and a name is nobody's account.
 */
export function textsOf({ reference, account, description }: BankLine): { text: string; anyhow: boolean }[] {
  const written = account === '' ? [] : [{ text: account, anyhow: true }];
  const words = [reference, description]
    .flatMap((text) => text.split(/[^\p{L}\p{N}._@-]+/u))
    .filter((word) => word.length >= 5 && word.length <= 64 && /\p{L}/u.test(word) && /\d/.test(word));
  return [...written, ...[...new Set(words)].map((text) => ({ text, anyhow: false }))];
}

/** As `Books.owners` is asked: of somebody's services the one at that price may be meant. */
export const ownerKey = ({ text, anyhow }: { text: string; anyhow: boolean }, cents: bigint): string =>
  `${anyhow ? '=' : '~'}${cents} ${text}`;

/** Decides the fate of every line, in the order of the file. Pure; the same lines and books give the same fates. */
export function judgeLines(read: ReadLine[], bank: string, books: Books): JudgedLine[] {
  const lines = withIds(read, bank);
  const fresh = lines.filter((line) => !books.known.has(line.id));
  const ties = tieLines(fresh, books);
  const judged = new Map(fresh.map((line) => [line.line, judgeOne(line, ties, books)]));
  const byLine = new Map(lines.map((line) => [line.line, line]));
  return read.map((one): JudgedLine => {
    if (one.kind === 'unread') return unreadLine(one.unread);
    const line = byLine.get(one.line.line);
    const found = judged.get(one.line.line);
    if (!line) throw new Error('a line was lost');
    return found ?? { ...shown(line), fate: 'wont', note: 'bank_known', subscriber_id: null, of: undefined };
  });
}

type Named = BankLine & { id: string };

/** What makes each readable line one of its own, as `Books.known` has it. */
export const lineIds = (read: ReadLine[], bank: string): string[] => withIds(read, bank).map(({ id }) => id);

/** What makes a line one of its own: account, day, amount, reference, and which of several alike in this file it is. */
function withIds(read: ReadLine[], bank: string): Named[] {
  const seen = new Map<string, number>();
  return read.flatMap((one) => {
    if (one.kind === 'unread') return [];
    const { line } = one;
    const alike = `${bare(line.reference).slice(0, 50)} ${line.day} ${line.amount_cents} B${bank}`;
    const at = (seen.get(alike) ?? 0) + 1;
    seen.set(alike, at);
    return [{ ...line, id: at === 1 ? alike : `${alike} ${at}` }];
  });
}

interface Ties {
  /** Movements that are some line's. */
  used: Set<string>;
  movements: Map<number, { movement: Movement; sure: boolean }>;
  cheques: Map<number, OpenCheque>;
  byReference: Map<string, Movement[]>;
}

/** Each movement is one line's at most. First those whose reference stands in a line; then, where only one can be meant on either side, by amount and day. */
function tieLines(lines: Named[], books: Books): Ties {
  const byReference = indexed(books.movements, (one) => bare(one.reference));
  const ties: Ties = { used: new Set(), movements: new Map(), cheques: new Map(), byReference };
  const free = (): Named[] => lines.filter(({ line }) => !ties.movements.has(line) && !ties.cheques.has(line));
  tieByReference(lines, books.movements, ties);
  tieCheques(free(), books.cheques, ties);
  tieByDay(free(), books, ties);
  return ties;
}

function tieByReference(lines: Named[], movements: Movement[], ties: Ties): void {
  const named = indexed(movements, (one) => `${one.amount_cents} ${bare(one.reference)}`);
  for (const line of lines) {
    const [movement] = [...wordsOf(line)]
      .flatMap((word) => named.get(`${line.amount_cents} ${word}`) ?? [])
      .filter((one) => !ties.used.has(one.transfer_id) && daysApart(one.day, line.day) <= REFERENCE_DAYS)
      .sort((a, b) => daysApart(a.day, line.day) - daysApart(b.day, line.day));
    if (movement) tie(ties, line, movement, true);
  }
}

/** By amount and the cheque's number, with or without the zeros before it. */
function tieCheques(lines: Named[], cheques: OpenCheque[], ties: Ties): void {
  const number = (text: string): string => bare(text).replace(/^0+/, '');
  const named = indexed(cheques, (one) => `${one.amount_cents} ${number(one.reference)}`);
  for (const line of lines) {
    const words = line.amount_cents > 0n ? [...wordsOf(line)] : [];
    const group = words.map((word) => named.get(`${line.amount_cents} ${number(word)}`)).find((found) => found?.length);
    const cheque = group?.shift();
    if (cheque) ties.cheques.set(line.line, cheque);
  }
}

function tieByDay(lines: Named[], { movements, owners }: Books, ties: Ties): void {
  const at = (one: { amount_cents: bigint; day: string }): string => `${one.amount_cents} ${one.day}`;
  // Two are enough to know that it is not the only one.
  const around = <T>(all: Map<string, T[]>, { amount_cents, day }: { amount_cents: bigint; day: string }): T[] =>
    DAYS_AROUND.flatMap((days) => all.get(at({ amount_cents, day: addDays(day, days) }))?.slice(0, 2) ?? []);
  const free = indexed(
    movements.filter((one) => !ties.used.has(one.transfer_id)),
    at,
  );
  const left = indexed(lines, at);
  for (const line of lines) {
    const [movement, another] = around(free, line);
    if (!movement || another || around(left, movement).length > 1) continue;
    const owner = ownerOf(line, owners);
    if (owner && owner !== 'several' && owner.subscriber_id !== movement.subscriber_id) continue;
    tie(ties, line, movement, false);
  }
}

function tie(ties: Ties, line: Named, movement: Movement, sure: boolean): void {
  ties.used.add(movement.transfer_id);
  ties.movements.set(line.line, { movement, sure });
}

function indexed<T>(all: readonly T[], key: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(key(one));
    if (group) group.push(one);
    else groups.set(key(one), [one]);
  }
  return groups;
}

/** Whom a line names: nobody, one, or several of whom nobody can tell which. */
function ownerOf(line: BankLine, owners: Books['owners']): Owner | 'several' | undefined {
  const found = textsOf(line).flatMap((text) => owners.get(ownerKey(text, line.amount_cents)) ?? []);
  const services = new Set(found.map((one) => `${one.subscriber_id} ${one.subscription_id ?? ''}`));
  return services.size > 1 ? 'several' : found[0];
}

function judgeOne(line: Named, ties: Ties, books: Books): JudgedLine {
  const will = (
    note: string,
    deed: Deed,
    kind: LineKind,
    whose?: { subscriber_id: string | null; name: string | null },
  ) => ({
    ...shown(line),
    ...(whose?.name ? { name: nameOf(line, whose.name) } : {}),
    fate: 'will' as const,
    note,
    subscriber_id: whose?.subscriber_id ?? null,
    of: { ...line, kind, deed },
  });
  const into = line.amount_cents > 0n;
  const tied = ties.movements.get(line.line);
  if (tied) {
    const deed: Deed = { what: 'tie', transfer_id: tied.movement.transfer_id };
    return will(tied.sure ? 'bank_matches' : 'bank_matches_day', deed, into ? 'payment' : 'other', tied.movement);
  }
  const cheque = ties.cheques.get(line.line);
  if (cheque) return will('bank_clears', { what: 'clear', payment_id: cheque.payment_id }, 'payment', cheque);
  if (!into)
    return isCharge(line) ? will('bank_fee', { what: 'fee' }, 'fee') : will('bank_open', { what: 'open' }, 'other');
  if (differs(line, ties)) return will('bank_differs', { what: 'open' }, 'payment');
  const owner = ownerOf(line, books.owners);
  if (owner === 'several') return will('bank_several', { what: 'hold' }, 'payment');
  if (!owner) return will('bank_nobody', { what: 'hold' }, 'payment');
  return will('bank_credits', { what: 'credit', subscription_id: owner.subscription_id }, 'payment', owner);
}

/** The bank's own price for something. */
const isCharge = ({ description, reference }: BankLine): boolean =>
  /\b(charges?|fees?|commission|excise|levy|tariff|stamp duty)\b/i.test(`${description} ${reference}`);

/** In the books under this very reference, with another amount: whoever typed it looks again before anything is booked. */
function differs(line: BankLine, { used, byReference }: Ties): boolean {
  const own = bare(line.reference);
  return (
    own.length >= 5 &&
    (byReference.get(own) ?? []).some(
      (one) =>
        one.amount_cents > 0n &&
        one.amount_cents !== line.amount_cents &&
        !used.has(one.transfer_id) &&
        daysApart(one.day, line.day) <= REFERENCE_DAYS,
    )
  );
}

const plainAmount = (cents: bigint): string => {
  const size = cents < 0n ? -cents : cents;
  return `${cents < 0n ? '-' : ''}${size / 100n}.${String(size % 100n).padStart(2, '0')}`;
};

/** A line's own words, with whose it is. */
export const nameOf = (
  { account, description }: Pick<BankLine, 'account' | 'description'>,
  who: string | null,
): string =>
  who
    ? [description, who].filter(Boolean).join(' → ')
    : [account, description].filter(Boolean).join(', ').slice(0, 300);

const shown = (line: BankLine) => ({
  line: line.line,
  label: `${line.day} ${plainAmount(line.amount_cents)} ${line.reference}`.trim().slice(0, 128),
  name: nameOf(line, null),
});

const unreadLine = ({ line, text, note }: Unread): JudgedLine => ({
  line,
  label: text || String(line),
  name: '',
  fate: 'wont',
  note: `bank_${note}`,
  subscriber_id: null,
  of: undefined,
});
