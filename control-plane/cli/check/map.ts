import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../platform/project-root';
import { sliceApiRoutes, sliceJobs, slicePageRoutes } from '../../slices';
import { importsOf, textOf } from './source';

/** One line of the map. */
export interface MapRow {
  address: string;
  permission: string;
  file: string;
  /** `function (file)`, in the order in which they are called. */
  commands: string[];
  tables: string[];
}

/** Every mounted route with what stands behind it: where the request goes, and which tables it touches. */
export function mapRows(): MapRow[] {
  const api = sliceApiRoutes().flatMap(({ file, routes }) => routes.map((route) => ({ file, prefix: '/api', ...route })));
  const pages = slicePageRoutes().flatMap(({ file, routes }) => routes.map((route) => ({ file, prefix: '', ...route })));
  return [...pages, ...api].map((route) => {
    const file = `control-plane/${route.file}`;
    const behind = behindRoute(file, route.method, route.path);
    return { address: `${route.method} ${route.prefix}${route.path}`, permission: route.permission, file, ...behind };
  });
}

const opening = /\b(?:route|publicRoute|pageRoute|publicPage)\(\{/g;

/** The text of one route's definition: from its opening to the next one. Pages may be defined in files that the route file imports. */
function blockOf(file: string, method: string, path: string): { file: string; text: string } | undefined {
  const files = [file, ...importsOf(file).flatMap((one) => (one.file?.endsWith('.routes.ts') ? [one.file] : []))];
  for (const one of files) {
    const text = textOf(one);
    const starts = [...text.matchAll(opening)].map((match) => match.index);
    for (const [index, start] of starts.entries()) {
      const block = text.slice(start, starts[index + 1] ?? text.length);
      if (block.includes(`method: '${method}'`) && block.includes(`path: '${path}'`)) return { file: one, text: block };
    }
  }
  return undefined;
}

function behindRoute(file: string, method: string, path: string): { commands: string[]; tables: string[] } {
  const block = blockOf(file, method, path);
  if (!block) return { commands: [], tables: [] };
  const imported = importedFunctions(block.file);
  const whole = withLocalFunctions(block.file, block.text);
  const called = (text: string): string[] => [...new Set([...text.matchAll(/\b([a-z]\w*)(?=\(|,|\))/g)].map((match) => match[1] ?? ''))].filter((name) => imported.has(name));
  const direct = called(block.text);
  const commands = direct.length > 0 ? direct : called(whole);
  const tables = new Set(tablesIn(whole));
  const seen = new Set<string>();
  for (const name of called(whole)) for (const table of tablesBehind(imported.get(name) ?? '', seen)) tables.add(table);
  return { commands: commands.map((name) => `${name} (${(imported.get(name) ?? '').replace('control-plane/', '')})`), tables: [...tables].sort() };
}

/** Functions of slices that a file imports, with the file that defines each; schemas, shapes and the platform are not commands. */
function importedFunctions(file: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const one of importsOf(file)) {
    if (one.file === undefined || /\/(platform|ui)\/|\/(schema|states|shape)\.ts$|\.view\.ts$/.test(`/${one.file}`)) continue;
    for (const name of one.names) if (/^[a-z]/.test(name)) found.set(name, definedIn(one.file, name));
  }
  return found;
}

/** Follows index.ts to the file that defines a name. */
function definedIn(file: string, name: string): string {
  const through = importsOf(file).find((one) => one.names.includes(name) && textOf(file).includes(`from '${one.from}'`));
  return file.endsWith('/index.ts') && through?.file ? definedIn(through.file, name) : file;
}

/** A block together with the file's own functions that it calls. */
function withLocalFunctions(file: string, block: string): string {
  const text = textOf(file);
  const bodies = [...text.matchAll(/^(?:async )?function (\w+)\([\s\S]*?^\}/gm)];
  return [block, ...bodies.filter(([, name = '']) => new RegExp(`\\b${name}\\(`).test(block)).map(([body]) => body)].join('\n');
}

function tablesBehind(file: string, seen: Set<string>): string[] {
  if (seen.has(file) || !file.endsWith('.ts')) return [];
  seen.add(file);
  const own = tablesIn(textOf(file));
  const further = [...importedFunctions(file).values()].filter((one) => dirname(one) !== 'control-plane');
  return [...own, ...further.flatMap((one) => tablesBehind(one, seen))];
}

let known: Set<string> | undefined;

/** Tables and views that the migrations create. */
function knownTables(): Set<string> {
  if (known) return known;
  const dir = join('prisma', 'migrations');
  const all = readdirSync(join(projectRoot(), dir)).map((name) => textOf(join(dir, name, 'migration.sql')));
  known = new Set(all.flatMap((sql) => [...sql.matchAll(/CREATE (?:TABLE|VIEW)(?: IF NOT EXISTS)? (\w+)/g)].map((match) => match[1] ?? '')));
  return known;
}

/** Tables that a piece of code names: through Prisma (`tx.plan.`) or in SQL (FROM, JOIN, INTO, UPDATE). */
export function tablesIn(text: string): string[] {
  const names = [...text.matchAll(/\btx\.(\w+)\.|\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)/g)].map((match) => match[1] ?? match[2] ?? '');
  return [...new Set(names)].filter((name) => knownTables().has(name));
}

/** docs/map.md as it should stand. */
export function renderMap(): string {
  const rows = mapRows().sort((a, b) => (a.file + a.address < b.file + b.address ? -1 : 1));
  const lines = rows.map((row) => `| \`${row.address}\` | ${row.permission} | ${row.file.replace('control-plane/', '')} | ${row.commands.join('<br>') || '–'} | ${row.tables.join(', ') || '–'} |`);
  const jobs = sliceJobs().map((job) => `| ${job.name} | \`${job.cron}\` | ${job.name.split('.')[0]}/jobs.ts |`);
  return `# Map

From an address to the code behind it. Made by \`npm run check -- --write\`; a test keeps it true. Paths are below control-plane/.

| address | permission | route | commands and queries | tables |
|---|---|---|---|---|
${lines.join('\n')}

## Scheduled work

| job | when (UTC) | file |
|---|---|---|
${jobs.sort().join('\n')}
`;
}
