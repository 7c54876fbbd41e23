import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../platform/project-root';

const MAX_CONTEXT_LINES = 60;
const trees = ['control-plane', 'radius', 'freeradius-config', 'hotspot-templates', 'prisma', 'docs', '.ci'];
/** Made at run time or by an operator, or an outline of what is to come. */
const notHere = /[<>*{}]|^docs\/map\.md$/;

/** What the papers say wrongly: a slice or part without its CONTEXT.md, one that is too long, a path that does not exist, decisions out of order. */
export function docFaults(): string[] {
  return [...contextFaults(), ...papers().flatMap((file) => pathFaults(file, read(file))), ...decisionFaults()];
}

/** Every paper of ours, below the project root. */
function papers(): string[] {
  const below = (dir: string): string[] =>
    readdirSync(join(projectRoot(), dir), { withFileTypes: true }).flatMap((entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return entry.name === 'generated' ? [] : below(path);
      return entry.name.endsWith('.md') ? [path] : [];
    });
  return ['README.md', ...trees.filter((tree) => existsSync(join(projectRoot(), tree))).flatMap(below)].sort();
}

/** Folders that a newcomer opens first: every one of control-plane/ and radius/, and freeradius-config. */
function contextFaults(): string[] {
  const inside = (dir: string): string[] =>
    readdirSync(join(projectRoot(), dir), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(dir, entry.name));
  return [...inside('control-plane'), ...inside('radius'), 'freeradius-config'].flatMap((folder) => {
    const file = join(folder, 'CONTEXT.md');
    if (!existsSync(join(projectRoot(), file)))
      return [`${folder} has no CONTEXT.md: say its words, what it owns and what it refuses.`];
    const lines = read(file).trimEnd().split('\n').length;
    return lines > MAX_CONTEXT_LINES ? [`${file} has ${lines} lines; ${MAX_CONTEXT_LINES} are enough.`] : [];
  });
}

/** Paths of ours that a paper names (`radius/packet/`, docs/decisions/0004) and that are not there. */
export function pathFaults(file: string, text: string): string[] {
  const named = [
    ...text.matchAll(/(?<![\w./-])(?:control-plane|radius|freeradius-config|prisma|docs)\/[\w./<>*{}-]+/g),
  ];
  const paths = new Set(named.map(([path]) => path.replace(/[.,/]+$/, '')));
  return [...paths]
    .filter((path) => !notHere.test(path) && !stands(path))
    .map((path) => `${file} names ${path}, which does not exist.`);
}

/** As written, as a TypeScript file, or as the beginning of a name (docs/decisions/0004, prisma/migrations/0001). */
function stands(path: string): boolean {
  const whole = join(projectRoot(), path);
  if (existsSync(whole) || existsSync(`${whole}.ts`)) return true;
  const folder = dirname(whole);
  const start = path.split('/').at(-1) ?? '';
  return existsSync(folder) && readdirSync(folder).some((name) => new RegExp(`^${start}[-_.]`).test(name));
}

/** Decisions are numbered from 0001 without a gap, each with its number in its first line. */
function decisionFaults(): string[] {
  const names = readdirSync(join(projectRoot(), 'docs/decisions')).sort();
  return names.flatMap((name, at) => {
    const number = String(at + 1).padStart(4, '0');
    const good = name.startsWith(`${number}-`) && read(`docs/decisions/${name}`).startsWith(`# ${number} `);
    return good ? [] : [`docs/decisions/${name} should be number ${number}, in its name and in its first line.`];
  });
}

function read(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8');
}
