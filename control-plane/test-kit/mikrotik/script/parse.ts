import { readConditions, readValue } from './parse-value';
import { Scanner } from './scanner';
import type { Argument, Command, Script } from './syntax';

/** Words that are commands wherever they stand; any other word after a slash is a menu. */
const VERBS = new Set(
  'add comment delay disable edit enable export fetch find get import login monitor monitor-traffic move ping print remove reset-counters resolve save set sign unset quit reboot'.split(
    ' ',
  ),
);

/**
 * Reads a script, or the line that an operator pastes, by RouterOS' grammar: menus that stay in force for the lines below them, `[…]`, `{…}`, `$variables`,
 * strings with their escapes, expressions, and the conditions of `find`.
 * @throws ScriptSyntaxError with line and column; nothing of such a script may be run
 */
export function parseScript(text: string): Script {
  const scanner = new Scanner(text, readScript);
  const script = readScript(scanner, [], '');
  if (!scanner.done) scanner.fail('syntax error');
  return script;
}

/** Commands up to `end` (a bracket, or '' for the end of the text), which stays. `menu` is the one in force before them. */
function readScript(scanner: Scanner, menu: readonly string[], end: string): Script {
  const commands: Command[] = [];
  let current = menu;
  for (scanner.gaps(); !scanner.done && scanner.char !== end; scanner.gaps()) {
    const from = scanner.at;
    const { command, leads } = readCommand(scanner, current);
    if (scanner.at === from) scanner.fail('syntax error');
    if (leads) current = leads;
    else commands.push(command);
  }
  return commands;
}

function readCommand(scanner: Scanner, current: readonly string[]): { command: Command; leads?: string[] } {
  const { line } = scanner;
  const colon = scanner.match(/:[a-z]+/y);
  if (colon !== undefined) {
    const command = { menu: [], name: colon, args: readArguments(scanner, current, colon), line };
    return { command };
  }
  // `{ … }` by itself, as an operator pastes it, is a `:do`.
  if (scanner.char === '{')
    return {
      command: { menu: [], name: ':do', args: [{ name: undefined, value: readValue(scanner, current) }], line },
    };
  const menu = scanner.take('/') ? [] : [...current];
  for (;;) {
    scanner.blanks();
    const word = scanner.match(/[a-z][a-z0-9-]*(?![\w=-])/y);
    if (word === undefined) return { command: { menu, name: '', args: [], line }, leads: ends(scanner, menu) };
    if (VERBS.has(word)) return { command: { menu, name: word, args: readArguments(scanner, menu, word), line } };
    menu.push(word);
    scanner.take('/');
  }
}

/** A menu alone on its line is in force from here on. */
function ends(scanner: Scanner, menu: string[]): string[] {
  if (!scanner.done && !scanner.looksAt(/[\n;\]}]/y)) scanner.fail('bad command name');
  return menu;
}

function readArguments(scanner: Scanner, menu: readonly string[], command: string): Argument[] {
  const args: Argument[] = [];
  for (;;) {
    scanner.blanks();
    if (scanner.done || scanner.looksAt(/[\n;\]})]/y)) return args;
    if (command === 'find' || (command === 'print' && scanner.match(/where\b/y) !== undefined)) {
      return [...args, { name: 'where', value: { kind: 'where', of: readConditions(scanner, menu) } }];
    }
    const name = scanner.match(/[a-z][a-z0-9.-]*(?==)/y);
    if (name !== undefined) scanner.take('=');
    args.push({ name, value: readValue(scanner, menu) });
  }
}
