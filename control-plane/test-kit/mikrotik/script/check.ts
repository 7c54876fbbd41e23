import type { CommandTree } from '../config/schema';
import type { Command, Script, Value } from './syntax';

/** What is wrong with a command for a version: `[line, what]`. */
export interface ScriptFault {
  line: number;
  fault: string;
}

/** Commands of the language itself and the names they take. */
const LANGUAGE: Record<string, readonly string[]> = {
  ':if': ['do', 'else'],
  ':do': ['on-error', 'while'],
  ':foreach': ['in', 'do'],
  ':local': [],
  ':set': [],
  ':global': [],
  ':put': [],
  ':error': [],
  ':len': [],
  ':pick': [],
  ':find': [],
  ':tostr': [],
  ':tonum': [],
  ':resolve': [],
  ':delay': [],
  ':log': [],
};

/** Everything in a script that this version of RouterOS does not know: menus, commands and names of arguments, in every branch. */
export function faultsOfScript(script: Script, tree: CommandTree): ScriptFault[] {
  const faults: ScriptFault[] = [];
  const command = (one: Command): void => {
    const add = (fault: string) => faults.push({ line: one.line, fault });
    const names = one.args.flatMap(({ name }) => (name === undefined ? [] : [name]));
    if (one.name.startsWith(':')) {
      const known = LANGUAGE[one.name];
      if (!known) add(`bad command name ${one.name}`);
      else for (const name of names) if (!known.includes(name)) add(`${one.name} takes no ${name}`);
    } else {
      const menu = one.menu.map((word) => `/${word}`).join('');
      const path = `${menu}/${one.name}`;
      if (!tree.hasCommand(path)) add(`no such command: ${path}`);
      else for (const name of names) if (!tree.takes(path, name)) add(`${path} takes no ${name}`);
    }
    for (const { value } of one.args) within(value);
  };
  const within = (value: Value): void => {
    if (value.kind === 'result' || value.kind === 'block') value.script.forEach(command);
    if (value.kind === 'joined') value.parts.forEach(within);
    if (value.kind === 'unary' || value.kind === 'where') within(value.of);
    if (value.kind === 'binary') {
      within(value.left);
      within(value.right);
    }
  };
  script.forEach(command);
  return faults;
}
