import type { Scanner } from './scanner';
import type { Value } from './syntax';

const LEVELS: readonly RegExp[] = [
  /(?:\|\||or\b)/y,
  /(?:&&|and\b)/y,
  /(?:!=|<=|>=|=|<|>|~|in\b)/y,
  /[.](?![0-9])/y,
  /[+-]/y,
  /[*/%]/y,
];

/** The value of an argument: a word, a string, a variable, `[…]`, `{…}` or `(…)`. @throws ScriptSyntaxError */
export function readValue(scanner: Scanner, menu: readonly string[]): Value {
  const first = readAtom(scanner, menu) ?? bare(scanner);
  if (first === undefined) return scanner.looksAt(/[\s;\]})]|$/y) ? text('') : scanner.fail('syntax error');
  return first;
}

/** What `find` asks: conditions side by side are all to hold. */
export function readConditions(scanner: Scanner, menu: readonly string[]): Value {
  scanner.blanks();
  scanner.match(/where\b/y);
  let all: Value | undefined;
  for (scanner.blanks(); !scanner.done && !scanner.looksAt(/[\n;\]})]/y); scanner.blanks()) {
    const next = expression(scanner, menu, 0, 'property');
    all = all ? { kind: 'binary', operator: '&&', left: all, right: next } : next;
  }
  return all ?? text('true');
}

/** A name is a property of the row on the left of a condition; anywhere else it is text. */
function expression(scanner: Scanner, menu: readonly string[], level: number, names: 'property' | 'text'): Value {
  const operators = LEVELS[level];
  if (operators === undefined) return unary(scanner, menu, names);
  let left = expression(scanner, menu, level + 1, names);
  for (;;) {
    scanner.blanks();
    const operator = scanner.match(operators);
    if (operator === undefined) return left;
    scanner.blanks();
    const right = expression(scanner, menu, level + 1, level < 2 ? names : 'text');
    left = { kind: 'binary', operator: { or: '||', and: '&&' }[operator] ?? operator, left, right };
  }
}

function unary(scanner: Scanner, menu: readonly string[], names: 'property' | 'text'): Value {
  scanner.blanks();
  if (scanner.take('!')) return { kind: 'unary', operator: '!', of: unary(scanner, menu, names) };
  const atom = readAtom(scanner, menu, names);
  if (atom) return atom;
  const word = scanner.match(/[A-Za-z0-9_.:-][\w./:*-]*/y);
  if (word === undefined) return scanner.fail('syntax error');
  return names === 'property' ? { kind: 'property', name: word } : text(word);
}

function readAtom(scanner: Scanner, menu: readonly string[], names: 'property' | 'text' = 'text'): Value | undefined {
  if (scanner.take('"')) return readString(scanner, menu);
  if (scanner.take('$')) return variable(scanner);
  if (scanner.take('[')) {
    const script = scanner.commands(scanner, menu, ']');
    scanner.expect(']');
    return { kind: 'result', script };
  }
  if (scanner.take('{')) {
    const script = scanner.commands(scanner, menu, '}');
    scanner.expect('}');
    return { kind: 'block', script };
  }
  if (!scanner.take('(')) return undefined;
  const inner = expression(scanner, menu, 0, names);
  scanner.blanks();
  scanner.expect(')');
  return inner;
}

function bare(scanner: Scanner): Value | undefined {
  const word = scanner.match(/(?:[^\s;[\](){}"$\\#]|\\.)+/y);
  return word === undefined ? undefined : text(word);
}

function variable(scanner: Scanner): Value {
  const name = scanner.match(/[A-Za-z][A-Za-z0-9]*|"[^"\n]*"/y);
  if (name === undefined) return scanner.fail('syntax error');
  return { kind: 'variable', name: name.replace(/"/g, '') };
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', _: ' ', a: '\x07', b: '\b', f: '\f', v: '\v' };

/** The rest of a string, in which `$name`, `$[…]` and `$(…)` stand for what they return. */
function readString(scanner: Scanner, menu: readonly string[]): Value {
  const parts: Value[] = [];
  for (;;) {
    if (scanner.done) return scanner.fail('expected closing quote');
    if (scanner.take('"')) return parts.length === 1 ? (parts[0] as Value) : { kind: 'joined', parts };
    if (scanner.looksAt(/\$[A-Za-z"]/y)) {
      scanner.take('$');
      parts.push(variable(scanner));
    } else if (scanner.looksAt(/\$[[(]/y)) {
      scanner.take('$');
      parts.push(readAtom(scanner, menu) as Value);
    } else parts.push(text(plain(scanner)));
  }
}

function plain(scanner: Scanner): string {
  if (!scanner.take('\\')) return scanner.match(/[^"\\$]+|\$/y) ?? '';
  const hex = scanner.match(/[0-9A-F]{2}/y);
  if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
  if (scanner.match(/\r?\n[ \t]*/y) !== undefined) return '';
  const sign = scanner.match(/["\\$?nrt_abfv]/y);
  if (sign === undefined) return scanner.fail('bad escape');
  return ESCAPES[sign] ?? sign;
}

const text = (value: string): Value => ({ kind: 'text', text: value });
