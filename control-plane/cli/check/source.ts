import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { projectRoot } from '../../platform/project-root';

/** One import or re-export of a TypeScript file. */
export interface Import {
  /** As written. */
  from: string;
  /** Path of our own file below the project root, or undefined for a package. */
  file: string | undefined;
  /** Names taken, under the name they have over there. Empty for require() and side effects. */
  names: string[];
  typeOnly: boolean;
}

/** Folders that hold our TypeScript. */
const trees = ['control-plane', 'radius', 'freeradius-config', 'hotspot-templates', 'prisma'];

/** Every TypeScript file of ours, below the project root; the generated database client is not ours. */
export function sourceFiles(): string[] {
  return trees.flatMap((tree) => walk(join(projectRoot(), tree))).sort();
}

function walk(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : walk(path);
    return entry.name.endsWith('.ts') ? [relative(projectRoot(), path)] : [];
  });
}

/** Text of a file below the project root. */
export function textOf(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8');
}

const statement = /^(?:import|export)\s+(type\s+)?([^'";]*?)\s*from\s*'([^']+)'/gm;
const call = /\b(?:require|import)\(\s*'([^']+)'\s*\)/g;

/** Everything that a file imports, by reading its text: our files are formatted alike, so no parser is needed. */
export function importsOf(file: string, text = textOf(file)): Import[] {
  const found: Import[] = [];
  for (const [, type, names = '', from = ''] of text.matchAll(statement)) {
    found.push({ from, file: resolve(file, from), names: namesIn(names), typeOnly: type !== undefined });
  }
  for (const [, from = ''] of text.matchAll(call))
    found.push({ from, file: resolve(file, from), names: [], typeOnly: false });
  return found;
}

function namesIn(clause: string): string[] {
  const braces = /\{([\s\S]*)\}/.exec(clause)?.[1] ?? '';
  return braces
    .split(',')
    .map((part) =>
      part
        .trim()
        .replace(/^type\s+/, '')
        .replace(/\s+as\s+.*$/, ''),
    )
    .filter((name) => name !== '');
}

function resolve(file: string, from: string): string | undefined {
  if (!from.startsWith('.')) return undefined;
  const target = join(dirname(file), from);
  for (const candidate of [`${target}.ts`, join(target, 'index.ts')])
    if (existsSync(join(projectRoot(), candidate))) return candidate;
  return target;
}
