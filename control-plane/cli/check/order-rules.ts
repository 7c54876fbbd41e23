import { sourceFiles, textOf } from './source';

/**
 * Statements that sort by a column which they also give as text under its own name: `SELECT id::text … ORDER BY id` sorts the text, and puts 9 after 10
 * (PostgreSQL, "ORDER BY": a bare name is that of an output column first). With the table before it the name is the column's: `ORDER BY r.id`.
 */
export function orderFaults(): string[] {
  return sourceFiles().flatMap((file) =>
    sortedAsText(textOf(file)).map(
      (name) => `${file} sorts by ${name}, which it gives as text there. Write the table before it in ORDER BY.`,
    ),
  );
}

/** The names that statements in template strings of this source sort by as text. */
export function sortedAsText(source: string): string[] {
  return [...source.matchAll(/`((?:[^`\\]|\\.)*)`/g)].flatMap(([, text = '']) =>
    levelsOf(text.replace(/\$\{[^{}]*\}/g, '?')).flatMap(faultsOf),
  );
}

/** A statement and its parts in brackets, each without the parts in brackets inside it. */
function levelsOf(statement: string): string[] {
  const levels: string[] = [];
  let rest = statement;
  for (;;) {
    const inner = /\(([^()]*)\)/.exec(rest);
    if (!inner) return [...levels, rest];
    levels.push(inner[1] ?? '');
    rest = rest.replace(inner[0], '?');
  }
}

function faultsOf(level: string): string[] {
  const [, list, after] = /\bSELECT\b(.*?)\bFROM\b(.*)$/s.exec(level) ?? [];
  const sorted = /\bORDER BY\b(.*?)(?:\bLIMIT\b|\bFOR\b|$)/s.exec(after ?? '')?.[1];
  if (list === undefined || sorted === undefined) return [];
  const texts = [...list.matchAll(/(\w+)::text(?:\s+AS\s+"?(\w+)"?)?/g)].map(([, column, name]) => name ?? column);
  const terms = sorted.split(',').map((term) => /^\s*"?(\w+)"?(?:\s+(?:ASC|DESC)\b.*)?\s*$/s.exec(term)?.[1]);
  return terms.filter((term): term is string => term !== undefined && texts.includes(term));
}
