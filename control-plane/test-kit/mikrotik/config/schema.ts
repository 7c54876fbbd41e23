import type { RouterOsVersion } from '../profile';
import all from './menus.json';
import { asVersion6 } from './version-6';

/** Menu → command → its arguments. */
export type Menus = Map<string, Map<string, Set<string>>>;

/** What one version of RouterOS knows. */
export interface CommandTree {
  /** Whether there is such a menu, e.g. `/ip/hotspot/profile`, or one above such a menu. */
  hasMenu(menu: string): boolean;
  /** Whether there is such a command, e.g. `/ip/hotspot/profile/add`. */
  hasCommand(path: string): boolean;
  /** Whether a command takes an argument; what every print, get and find takes counts too. */
  takes(path: string, argument: string): boolean;
  /** Every menu, in the order in which an export names them. */
  menus(): readonly string[];
}

/** Commands whose arguments are the console's own everywhere. */
const ALIKE: Record<string, string> = {
  print:
    'append as-value brief count-only detail file follow follow-only from group-by interval once proplist .proplist show-ids stats terse value-list where without-paging path list recursive relative oid',
  find: 'where',
  get: 'as-string as-string-value number value-name .id',
  export: 'compact file hide-sensitive show-sensitive terse verbose where',
  edit: 'number value-name',
  comment: 'comment numbers .id',
  move: 'destination numbers .id',
  unset: 'numbers value-name .id',
  listen: '.proplist',
};
const BY_NUMBERS = 'numbers .id';

const trees = new Map<RouterOsVersion, CommandTree>();

/** The command tree of a version, from what its own console said (menus.json), for 6.49 from 7.10 by the known differences. */
export function commandTree(version: RouterOsVersion): CommandTree {
  const known = trees.get(version);
  if (known) return known;
  const tree = treeOf(version === '6.49' ? asVersion6(readMenus('7.10')) : readMenus(version), version);
  trees.set(version, tree);
  return tree;
}

function treeOf(menus: Menus, version: RouterOsVersion): CommandTree {
  const above = new Set<string>();
  for (const menu of menus.keys()) for (let at = menu; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) above.add(at);
  const split = (path: string): [string, string] => {
    const at = path.lastIndexOf('/');
    return [path.slice(0, at) || '/', path.slice(at + 1)];
  };
  const command = (path: string): Set<string> | undefined => {
    const [menu, name] = split(path);
    // The API has a listen wherever there is a print.
    return menus.get(menu)?.get(name === 'listen' ? 'print' : name);
  };
  return {
    hasMenu: (menu) => above.has(menu),
    hasCommand: (path) => command(path) !== undefined || (path.endsWith('/export') && above.has(split(path)[0])),
    menus: () => [...menus.keys()],
    takes(path, argument) {
      const [, name] = split(path);
      if (version === '6.49' && argument === 'show-sensitive') return false;
      const alike = ALIKE[name] ?? (command(path)?.size === 0 ? BY_NUMBERS : undefined);
      if (alike?.split(' ').includes(argument)) return true;
      // The API names the row of a set by .id, the console by numbers.
      return command(path)?.has(argument === '.id' ? 'numbers' : argument) ?? false;
    },
  };
}

function readMenus(version: Exclude<RouterOsVersion, '6.49'>): Menus {
  const here = (word: string): string | undefined => {
    const [name = '', versions] = word.split('@');
    return versions === undefined || versions.split(',').includes(version) ? name : undefined;
  };
  const menus: Menus = new Map();
  for (const [menu, commands] of Object.entries(all as Record<string, Record<string, string>>)) {
    const found = new Map<string, Set<string>>();
    for (const [word, args] of Object.entries(commands)) {
      const name = here(word);
      if (name === undefined) continue;
      found.set(name, new Set(args.split(' ').flatMap((arg) => (arg === '' ? [] : (here(arg) ?? [])))));
    }
    if (found.size > 0) menus.set(menu, found);
  }
  // The console was asked on a CHR, which has no board; every router that is sold has.
  menus.set(
    '/system/routerboard',
    new Map([
      ['print', new Set()],
      ['get', new Set()],
      ['upgrade', new Set()],
    ]),
  );
  return menus;
}
