import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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
  const api = sliceApiRoutes().flatMap(({ file, routes }) =>
    routes.map((route) => ({ file, prefix: '/api', ...route })),
  );
  const pages = slicePageRoutes().flatMap(({ file, routes }) =>
    routes.map((route) => ({ file, prefix: '', ...route })),
  );
  return [...pages, ...api].map((route) => {
    const file = `control-plane/${route.file}`;
    const behind = behindRoute(file, route.method, route.path);
    return { address: `${route.method} ${route.prefix}${route.path}`, permission: route.permission, file, ...behind };
  });
}

const opening = /\b(?:route|publicRoute|pageRoute|publicPage|formPages)\(\{/g;

/** Whether a definition is the one of this method and path; a form names its page and where it is sent to. */
const defines = (block: string, method: string, path: string): boolean =>
  block.startsWith('formPages')
    ? block.includes(`${method === 'GET' ? 'page' : 'post'}: '${path}'`)
    : block.includes(`method: '${method}'`) && block.includes(`path: '${path}'`);

/** The text of one route's definition: from its opening to the next one, or the call that made it (`button('activate', …, activateSubscription)`). */
function blockOf(file: string, method: string, path: string): { file: string; text: string } | undefined {
  const files = [file, ...importsOf(file).flatMap((one) => (one.file?.endsWith('.routes.ts') ? [one.file] : []))];
  for (const one of files) {
    const text = textOf(one);
    const starts = [...text.matchAll(opening)].map((match) => match.index);
    for (const [index, start] of starts.entries()) {
      const upToNext = text.slice(start, starts[index + 1] ?? text.length);
      const block = upToNext.slice(0, (/\n {2}\}\)/.exec(upToNext)?.index ?? upToNext.length) + 5);
      if (defines(block, method, path)) return { file: one, text: block };
    }
    const last = path.split('/').at(-1) ?? '';
    const made = new RegExp(`^ *(?:\\.\\.\\.)?\\w+\\([^()]*'${last}'[^()]*\\),?$`, 'm').exec(text);
    if (made && /^[a-z-]+$/.test(last)) return { file: one, text: made[0] };
    const pattern = [...text.matchAll(/path: `([^`$]*)\$\{/g)].some((match) => path.startsWith(match[1] ?? ' '));
    if (pattern) return { file: one, text };
  }
  return undefined;
}

function behindRoute(file: string, method: string, path: string): { commands: string[]; tables: string[] } {
  const block = blockOf(file, method, path);
  if (!block) return { commands: [], tables: [] };
  const imported = importedFunctions(block.file);
  const whole = withLocalFunctions(textOf(block.file), block.text);
  const direct = mentioned(block.text, imported);
  const commands = direct.length > 0 ? direct : mentioned(whole, imported);
  const tables = new Set(tablesIn(whole));
  const seen = new Set<string>();
  for (const name of mentioned(whole, imported))
    for (const table of tablesBehind(imported.get(name) ?? '', name, seen)) tables.add(table);
  return {
    commands: commands.map((name) => `${name} (${(imported.get(name) ?? '').replace('control-plane/', '')})`),
    tables: [...tables].sort(),
  };
}

/** Imported functions that a piece of code calls or hands on, in order. */
function mentioned(text: string, imported: Map<string, string>): string[] {
  const names = [...text.matchAll(/\b([a-z]\w*)(?=\(|,|\))/g)].map((match) => match[1] ?? '');
  return [...new Set(names)].filter((name) => imported.has(name));
}

/** Functions of slices that a file imports, with the file that defines each; schemas, shapes and the platform are not commands. */
function importedFunctions(file: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const one of importsOf(file)) {
    if (one.file === undefined || /\/(platform|ui)\/|\/(schema|states|shape)\.ts$|\.view\.ts$/.test(`/${one.file}`))
      continue;
    for (const name of one.names)
      if (/^[a-z]/.test(name) && !/(Answer|Input|Routes)$/.test(name)) found.set(name, definedIn(one.file, name));
  }
  return found;
}

/** Follows index.ts to the file that defines a name. */
function definedIn(file: string, name: string): string {
  const through = file.endsWith('/index.ts') ? importsOf(file).find((one) => one.names.includes(name)) : undefined;
  return through?.file ? definedIn(through.file, name) : file;
}

/** A piece of a file together with the file's own functions that it calls, and those that they call. */
function withLocalFunctions(text: string, piece: string): string {
  const local = new Map(
    [...text.matchAll(/^(?:export )?(?:async )?function (\w+)[<(][\s\S]*?^\}/gm)].map((match) => [
      match[1] ?? '',
      match[0],
    ]),
  );
  let whole = piece;
  for (let grown = true; grown;) {
    grown = false;
    for (const [name, body] of local) {
      if (whole.includes(body) || !new RegExp(`\\b${name}\\(`).test(whole)) continue;
      whole += `\n${body}`;
      grown = true;
    }
  }
  return whole;
}

/** Tables that one function of a file touches, itself or through what it calls. */
function tablesBehind(file: string, name: string, seen: Set<string>): string[] {
  const key = `${file} ${name}`;
  if (seen.has(key) || !file.endsWith('.ts')) return [];
  seen.add(key);
  const text = textOf(file);
  const body = new RegExp(`^export (?:async )?function ${name}[<(][\\s\\S]*?^\\}`, 'm').exec(text)?.[0] ?? text;
  const whole = withLocalFunctions(text, body);
  // SQL kept in a constant beside the function counts as the function's own.
  const constants = [...text.matchAll(/^const (\w+) = [\s\S]*?;\n/gm)]
    .filter(([, constant = '']) => new RegExp(`\\b${constant}\\b`).test(whole))
    .map(([sql]) => sql);
  const imported = importedFunctions(file);
  const further = mentioned(whole, imported).flatMap((one) => tablesBehind(imported.get(one) ?? '', one, seen));
  return [...tablesIn([whole, ...constants].join('\n')), ...further];
}

let known: { tables: Set<string>; functions: Set<string> } | undefined;

/** Tables, views and SQL functions that prisma/ creates. */
function inDatabase(): { tables: Set<string>; functions: Set<string> } {
  if (known) return known;
  const read = (dir: string, inner: string): string[] =>
    readdirSync(join(projectRoot(), dir)).map((name) => textOf(join(dir, name, inner)));
  const sql = [...read('prisma/migrations', 'migration.sql'), ...read('prisma/functions', '')].join('\n');
  const named = (pattern: RegExp): Set<string> => new Set([...sql.matchAll(pattern)].map((match) => match[1] ?? ''));
  known = {
    tables: named(/CREATE (?:OR REPLACE )?(?:TABLE|VIEW)(?: IF NOT EXISTS)? (\w+)/g),
    functions: named(/CREATE (?:OR REPLACE )?FUNCTION (\w+)/g),
  };
  return known;
}

/** Tables that a piece of code names, through Prisma (`tx.plan.`) or in SQL (FROM, JOIN, INTO, UPDATE), and SQL functions as `name()`. */
export function tablesIn(text: string): string[] {
  const { tables, functions } = inDatabase();
  const names = [...text.matchAll(/\btx\.(\w+)\.|\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)\b(?!\()/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  const called = [...text.matchAll(/\b([a-z]+_\w+)\(/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => functions.has(name) && name !== 'lango_now' && name !== 'lango_tenant');
  return [...new Set([...names.filter((name) => tables.has(name)), ...called.map((name) => `${name}()`)])];
}

/** docs/map.md as it should stand. */
export function renderMap(): string {
  const rows = mapRows().sort((a, b) => (a.file + a.address < b.file + b.address ? -1 : 1));
  const lines = rows.map(
    (row) =>
      `| \`${row.address}\` | ${row.permission} | ${row.file.replace('control-plane/', '')} | ${row.commands.join('<br>') || '–'} | ${row.tables.join(', ') || '–'} |`,
  );
  const jobs = sliceJobs().map((job) => `| ${job.name} | \`${job.cron}\` | ${job.name.split('.')[0]}/jobs.ts |`);
  return `# Map

From an address to the code behind it. Made by \`npm run check -- --write\`; a test keeps it true. Paths are below control-plane/.

| address | permission | route | commands and queries | tables and SQL functions |
|---|---|---|---|---|
${lines.join('\n')}

## Scheduled work

| job | when (UTC) | file |
|---|---|---|
${jobs.sort().join('\n')}
`;
}
