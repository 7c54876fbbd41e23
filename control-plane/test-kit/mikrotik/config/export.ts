import type { Row } from '../../../../radius/routeros';
import type { RouterConfig } from './config';
import type { Definition } from './definition';

export interface ExportOptions {
  /** That menu and what is under it. Default: everything. */
  menu?: string;
  /** With secrets. RouterOS 6 shows them unless told `hide-sensitive`, 7 hides them unless told `show-sensitive`. */
  showSensitive?: boolean;
}

/** What the router works out or counts is in no export. */
const NEVER = new Set([
  '.id',
  'invalid',
  'dynamic',
  'running',
  'slave',
  'inactive',
  'active',
  'status',
  'default',
  'builtin',
  'bytes',
  'packets',
  'hits',
  'uptime',
  'bytes-in',
  'bytes-out',
  'rx',
  'tx',
  'public-key',
  'network',
  'actual-interface',
  'creation-time',
  'last-logged-in',
  'last-logged-out',
  'dynamic-servers',
  'run-count',
  'bypassed',
  'blocked',
  'proxy-status',
  'default-name',
  'owner',
]);
const WIDTH = 79;

/** The words of `/export`: what differs from the defaults, menu by menu, in lines that a router can take back. */
export function exportText(config: RouterConfig, { menu: under = '', showSensitive = false }: ExportOptions): string {
  const lines = [
    `# ${config.system.moment(config.clock.now_ms())} by RouterOS ${config.system.versionNumber}`,
    `# software id = ${config.system.softwareId}`,
    '#',
  ];
  for (const path of config.tree.menus()) {
    if (under !== '' && path !== under && !path.startsWith(`${under}/`)) continue;
    const menu = config.menu(path);
    if (menu === undefined || path === '/system/package/update' || path.startsWith('/user')) continue;
    const hidden = showSensitive ? [] : (menu.definition.sensitive ?? []);
    const said = menu.rows.flatMap((row) => lineOf(row, menu.definition, hidden));
    if (said.length > 0) lines.push(path.replaceAll('/', ' ').replace(' ', '/'), ...said.flatMap(folded));
  }
  return `${lines.join('\r\n')}\r\n`;
}

function lineOf(row: Row, definition: Definition, hidden: readonly string[]): string[] {
  if (row['dynamic'] === 'true' || row['builtin'] === 'true') return [];
  const came = initialOf(row, definition);
  const usual: Row = { ...definition.defaults, ...came };
  const differs = Object.entries(row).filter(
    ([name, value]) =>
      !NEVER.has(name) &&
      !hidden.includes(name) &&
      !definition.hidden?.includes(name) &&
      // What a rule does is always said, but for those that every router comes with.
      ((name === 'action' && !came) || value !== (usual[name] ?? (name === 'comment' ? '' : undefined))),
  );
  const isSet = definition.kind === 'settings' || definition.fixed === true || row['default'] === 'true';
  const given = differs.filter(([name]) => !(isSet && name === 'name' && definition.kind === 'list'));
  const words = given
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${quoted(value === 'true' ? 'yes' : value === 'false' ? 'no' : value)}`);
  if (!isSet && differs.length === 0) return [];
  if (!isSet) return [['add', ...words].join(' ')];
  if (words.length === 0) return [];
  const which =
    definition.kind === 'settings'
      ? []
      : [
          `[ find ${row['default'] === 'true' ? 'default=yes' : `default-name=${row['default-name'] ?? row['name'] ?? ''}`} ]`,
        ];
  return [['set', ...which, ...words].join(' ')];
}

/** The row that every router comes with and this one was, known by its name or by all that it says. */
function initialOf(row: Row, definition: Definition): Row | undefined {
  return (definition.initial ?? []).find((initial) => {
    const key = initial['default-name'] ?? initial['name'];
    if (key !== undefined) return key === (row['default-name'] ?? row['name']);
    return Object.entries(initial).every(([name, value]) => row[name] === value);
  });
}

function quoted(value: string): string {
  if (/^[A-Za-z0-9_.,:/*+@%-]+$/.test(value)) return value;
  return `"${value
    .replace(/[\\"$]/g, '\\$&')
    .replaceAll('\r', '\\r')
    .replaceAll('\n', '\\n')}"`;
}

/** Long lines are broken at a blank and go on with four blanks, as RouterOS does. */
function folded(line: string): string[] {
  const parts: string[] = [];
  let rest = line;
  while (rest.length > WIDTH) {
    const at = rest.lastIndexOf(' ', WIDTH - 1);
    if (at <= 4) break;
    parts.push(`${rest.slice(0, at)} \\`);
    rest = `    ${rest.slice(at + 1)}`;
  }
  return [...parts, rest];
}
