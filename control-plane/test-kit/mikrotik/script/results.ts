/** What a value of a script comes to: text (numbers and yes/no too), or a list such as `find` returns. */
export type Result = string | readonly string[];

export const textOf = (result: Result): string => (typeof result === 'string' ? result : result.join(';'));
export const listOf = (result: Result): readonly string[] =>
  typeof result === 'string' ? (result === '' ? [] : result.split(/[;,]/)) : result;
export const numberOf = (result: Result): number => (textOf(result) === '' ? 0 : Number(textOf(result)));
export const holds = (result: Result): boolean => ['true', 'yes'].includes(textOf(result));

const WORDS: Record<string, string> = { yes: 'true', no: 'false' };
const plain = (result: Result): string => WORDS[textOf(result)] ?? textOf(result);

/** Equality as RouterOS has it: yes is true, and a list is compared item by item. */
export const same = (a: Result, b: Result): boolean => plain(a) === plain(b);

/** `:pick`: one item or sign, or those from `from` up to before `to`. */
export function pick(what: Result, from: number, to: Result | undefined): Result {
  const end = to === undefined ? from + 1 : textOf(to) === '' ? undefined : numberOf(to);
  const part = what.slice(from, end);
  return Array.isArray(part) && to === undefined ? (part[0] ?? '') : part;
}
