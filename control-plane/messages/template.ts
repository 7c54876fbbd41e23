import Handlebars from 'handlebars';

type Ast = hbs.AST.Program;

/** What is wrong with a template: at which line, and with which piece of it. */
export type TemplateFault =
  { kind: 'syntax'; line: number } | { kind: 'not_allowed'; piece: string } | { kind: 'unknown'; name: string };

/** A fault in a sentence, for programs; people are told in their own language. */
export function faultWords(fault: TemplateFault): string {
  if (fault.kind === 'syntax') return `does not parse at line ${fault.line}: look for braces that are not closed`;
  if (fault.kind === 'unknown') return `names ${fault.name}, which this message does not have`;
  return `may only name values and choose by {{#if name}}, not ${fault.piece}`;
}

/** More of these in one template is no template of a message. */
const PIECES_MAX = 200;

/**
 * Reads a template of a company. It may name values (`{{name}}`) and choose by them (`{{#if name}} … {{else}} … {{/if}}`), and nothing else: no helpers,
 * no paths into values, no partials, no code. Gives the faults, none when it can be sent.
 * @param known the values that this kind of message has
 */
export function checkTemplate(text: string, known: readonly string[]): TemplateFault[] {
  const ast = parse(text);
  if ('kind' in ast) return [ast];
  const faults: TemplateFault[] = [];
  look(ast, known, faults);
  return faults;
}

/** Fills a template that was checked. Values are put in as they are: what looks like a template in them stays text. @throws for one that was not checked */
export function fillTemplate(text: string, values: Readonly<Record<string, string>>): string {
  const ast = parse(text);
  if ('kind' in ast) throw new Error(`A template does not parse at line ${ast.line}.`);
  return fill(ast, values);
}

function parse(text: string): Ast | { kind: 'syntax'; line: number } {
  try {
    return Handlebars.parse(text);
  } catch (error) {
    const line = /line (\d+)/i.exec(error instanceof Error ? error.message : '')?.[1];
    return { kind: 'syntax', line: Number(line ?? 1) };
  }
}

/** The one word that a path is; undefined for anything with dots, `this`, `@` or `..` in it. */
function wordOf(path: hbs.AST.Expression): string | undefined {
  if (path.type !== 'PathExpression') return undefined;
  const { data, depth, parts, original } = path as hbs.AST.PathExpression;
  const [word] = parts;
  return !data && depth === 0 && parts.length === 1 && word === original ? word : undefined;
}

function plain(one: { params: unknown[]; hash?: unknown }, params: number): boolean {
  return one.params.length === params && one.hash === undefined;
}

function look(ast: Ast, known: readonly string[], faults: TemplateFault[]): void {
  for (const one of ast.body) {
    if (faults.length >= PIECES_MAX) return;
    if (one.type === 'ContentStatement' || one.type === 'CommentStatement') continue;
    if (one.type === 'MustacheStatement') {
      const mustache = one as hbs.AST.MustacheStatement;
      named(plain(mustache, 0) ? wordOf(mustache.path) : undefined, mustache, known, faults);
    } else if (one.type === 'BlockStatement') {
      const block = one as hbs.AST.BlockStatement;
      const [asked] = block.params;
      const isIf = block.path.original === 'if' && plain(block, 1) && !block.program.blockParams?.length;
      named(isIf && asked ? wordOf(asked) : undefined, block, known, faults);
      look(block.program, known, faults);
      if (block.inverse) look(block.inverse, known, faults);
    } else faults.push({ kind: 'not_allowed', piece: one.type });
  }
}

function named(
  word: string | undefined,
  at: { path: unknown },
  known: readonly string[],
  faults: TemplateFault[],
): void {
  const { original } = at.path as { original?: unknown };
  const piece = typeof original === 'string' ? original.slice(0, 40) : '';
  if (word === undefined) faults.push({ kind: 'not_allowed', piece });
  else if (!known.includes(word)) faults.push({ kind: 'unknown', name: word.slice(0, 40) });
}

function fill(ast: Ast, values: Readonly<Record<string, string>>): string {
  const valueOf = (path: unknown): string => {
    const word = wordOf(path as hbs.AST.Expression);
    if (word === undefined) throw new Error('A template names what it may not.');
    return Object.hasOwn(values, word) ? (values[word] ?? '') : '';
  };
  return ast.body
    .map((one) => {
      if (one.type === 'ContentStatement') return (one as hbs.AST.ContentStatement).value;
      if (one.type === 'CommentStatement') return '';
      if (one.type === 'MustacheStatement') return valueOf((one as hbs.AST.MustacheStatement).path);
      if (one.type !== 'BlockStatement') throw new Error(`A template holds a ${one.type}, which it may not.`);
      const { params, program, inverse } = one as hbs.AST.BlockStatement;
      const chosen = valueOf(params[0]) === '' ? inverse : program;
      return chosen ? fill(chosen, values) : '';
    })
    .join('');
}
