import type { Row } from '../../../../radius/routeros';
import type { ApiReply } from '../api-server';
import type { CommandTree } from '../config/schema';
import { faultsOfScript } from './check';
import { parseScript } from './parse';
import { holds, listOf, numberOf, pick, same, textOf, type Result } from './results';
import type { Command, Script, Value } from './syntax';

/** The router that a script is run on. Its menus answer as they answer the API. */
export interface ScriptWorld {
  tree: CommandTree;
  run(path: string, args: Row, queries?: readonly string[]): Promise<ApiReply> | ApiReply;
  /** Text of a file of the router. */
  file(name: string): string | undefined;
  resolve(host: string): Promise<string>;
}

/** A command failed; RouterOS prints these words and stops, unless an on-error catches it. */
export class ScriptFailure extends Error {}

/** Variables by name. Blocks share the cells of those around them, so that `:set` reaches outward. */
type Scope = Map<string, { value: Result }>;
const EMPTY: Value = { kind: 'text', text: '' };

/** Runs RouterOS scripts as its console does: variables, conditions, loops, on-error, `find`, `import`. */
export class Interpreter {
  /** What `:put` printed. */
  readonly printed: string[] = [];

  constructor(private readonly world: ScriptWorld) {}

  /**
   * Runs what an operator pastes. A menu, command or argument that this version does not know stops it before anything is done, as RouterOS' own
   * parser does with an imported block.
   * @throws ScriptSyntaxError, or ScriptFailure in the router's words
   */
  async paste(text: string): Promise<void> {
    await this.read(text, new Map());
  }

  private async read(text: string, scope: Scope): Promise<void> {
    const script = parseScript(text);
    const [fault] = faultsOfScript(script, this.world.tree);
    if (fault) throw new ScriptFailure(`${fault.fault} (line ${fault.line})`);
    await this.script(script, scope);
  }

  private async script(script: Script, scope: Scope): Promise<Result> {
    let last: Result = '';
    for (const command of script) last = await this.command(command, scope);
    return last;
  }

  private command(command: Command, scope: Scope): Promise<Result> {
    return command.name.startsWith(':') ? this.language(command, scope) : this.menu(command, scope);
  }

  private async language({ name, args }: Command, scope: Scope): Promise<Result> {
    const positional = args.filter((one) => one.name === undefined).map(({ value }) => value);
    const named = (wanted: string) => args.find((one) => one.name === wanted)?.value;
    const value = async (n: number): Promise<Result> => this.value(positional[n] ?? EMPTY, scope);
    switch (name) {
      case ':local':
      case ':global':
      case ':set':
        this.assign(name, scope, textOf(await value(0)), await value(1));
        return '';
      case ':if':
        return this.block(holds(await value(0)) ? named('do') : named('else'), scope);
      case ':do':
        return this.attempt(positional[0], named('on-error'), scope);
      case ':foreach':
        for (const item of listOf(await this.value(named('in') ?? EMPTY, scope)))
          await this.block(named('do'), new Map([...scope, [textOf(await value(0)), { value: item }]]));
        return '';
      case ':error':
        throw new ScriptFailure(textOf(await value(0)));
      case ':put':
        this.printed.push(textOf(await value(0)));
        return '';
      case ':len': {
        const what = await value(0);
        return String(Array.isArray(what) ? what.length : textOf(what).length);
      }
      case ':pick':
        return pick(await value(0), numberOf(await value(1)), positional[2] ? await value(2) : undefined);
      case ':find': {
        const at = textOf(await value(0)).indexOf(textOf(await value(1)));
        return at < 0 ? '' : String(at);
      }
      case ':resolve':
        return this.world.resolve(textOf(await value(0)));
      case ':tostr':
        return textOf(await value(0));
      default:
        // :delay and :log change nothing here.
        return '';
    }
  }

  private assign(how: string, scope: Scope, name: string, value: Result): void {
    const cell = scope.get(name);
    if (how !== ':set') scope.set(name, { value });
    else if (cell) cell.value = value;
    else throw new ScriptFailure(`no such variable: ${name}`);
  }

  private async block(value: Value | undefined, scope: Scope): Promise<Result> {
    if (value === undefined) return '';
    return value.kind === 'block' ? this.script(value.script, new Map(scope)) : this.value(value, scope);
  }

  private async attempt(work: Value | undefined, onError: Value | undefined, scope: Scope): Promise<Result> {
    if (onError === undefined) return this.block(work, scope);
    try {
      return await this.block(work, scope);
    } catch (error) {
      if (!(error instanceof ScriptFailure)) throw error;
      return this.block(onError, scope);
    }
  }

  private async menu(command: Command, scope: Scope): Promise<Result> {
    const menu = command.menu.map((word) => `/${word}`).join('');
    const path = `${menu}/${command.name}`;
    if (path === '/import') return this.import(command, scope);
    if (command.name === 'find') return this.find(menu, command, scope);
    const args: Record<string, string> = {};
    const positional: Result[] = [];
    for (const { name, value } of command.args) {
      const result = await this.value(value, scope);
      if (name === undefined) positional.push(result);
      else args[name] = textOf(result);
    }
    if (command.name === 'get') return this.get(menu, positional);
    if (
      command.name === 'set' ||
      command.name === 'remove' ||
      command.name === 'enable' ||
      command.name === 'disable'
    ) {
      // A menu of settings has no rows to name.
      const numbers = args['numbers'] === undefined ? positional[0] : args['numbers'];
      delete args['numbers'];
      if (numbers === undefined) return this.say(path, args);
      for (const id of await this.ids(menu, numbers)) await this.say(path, { ...args, '.id': id });
      return '';
    }
    return this.say(path, args);
  }

  /** Rows by what `find` returned, or by their name as in `/ip service set api`. */
  private async ids(menu: string, numbers: Result): Promise<string[]> {
    const wanted = listOf(numbers).map(textOf);
    const rows = await this.rows(menu);
    return wanted.map((one) => {
      const row = rows.find((candidate) => candidate['.id'] === one || candidate['name'] === one);
      if (row?.['.id'] === undefined) throw new ScriptFailure('no such item');
      return row['.id'];
    });
  }

  private async find(menu: string, { args }: Command, scope: Scope): Promise<Result> {
    const conditions = args[0]?.value;
    const found: string[] = [];
    for (const row of await this.rows(menu)) {
      const fits = conditions === undefined || holds(await this.value(conditions, scope, row));
      if (fits && row['.id'] !== undefined) found.push(row['.id']);
    }
    return found;
  }

  private async get(menu: string, positional: readonly Result[]): Promise<Result> {
    const rows = await this.rows(menu);
    const property = textOf(positional.at(-1) ?? '');
    if (positional.length < 2) return rows[0]?.[property] ?? '';
    const [id] = await this.ids(menu, positional[0] ?? '');
    return rows.find((row) => row['.id'] === id)?.[property] ?? '';
  }

  private async rows(menu: string): Promise<readonly Row[]> {
    const reply = await this.world.run(`${menu}/print`, {});
    if ('rows' in reply) return reply.rows;
    throw new ScriptFailure('trap' in reply ? reply.trap : `no such command: ${menu}/print`);
  }

  private async say(path: string, args: Row): Promise<Result> {
    const reply = await this.world.run(path, args);
    if ('trap' in reply) throw new ScriptFailure(reply.trap);
    return 'ret' in reply ? reply.ret : '';
  }

  private async import(command: Command, scope: Scope): Promise<Result> {
    const name = textOf(await this.value(command.args[0]?.value ?? EMPTY, scope));
    const text = this.world.file(name);
    if (text === undefined) throw new ScriptFailure('input does not match any value of file-name');
    await this.read(text, new Map());
    return '';
  }

  private async value(value: Value, scope: Scope, row: Row = {}): Promise<Result> {
    switch (value.kind) {
      case 'text':
        return value.text;
      case 'joined':
        return (await Promise.all(value.parts.map((part) => this.value(part, scope, row)))).map(textOf).join('');
      case 'variable':
        return scope.get(value.name)?.value ?? '';
      case 'property':
        return row[value.name] ?? '';
      case 'result':
      case 'block':
        return this.script(value.script, new Map(scope));
      case 'where':
        return this.value(value.of, scope, row);
      case 'unary':
        return holds(await this.value(value.of, scope, row)) ? 'false' : 'true';
      case 'binary':
        return this.binary(value, scope, row);
    }
  }

  private async binary(value: Extract<Value, { kind: 'binary' }>, scope: Scope, row: Row): Promise<Result> {
    const left = await this.value(value.left, scope, row);
    const say = (yes: boolean): string => (yes ? 'true' : 'false');
    if (value.operator === '&&' && !holds(left)) return 'false';
    if (value.operator === '||' && holds(left)) return 'true';
    const right = await this.value(value.right, scope, row);
    switch (value.operator) {
      case '=':
        return say(same(left, right));
      case '!=':
        return say(!same(left, right));
      case '~':
        return say(new RegExp(textOf(right)).test(textOf(left)));
      case '.':
        return textOf(left) + textOf(right);
      case '<':
        return say(numberOf(left) < numberOf(right));
      case '>':
        return say(numberOf(left) > numberOf(right));
      case '<=':
        return say(numberOf(left) <= numberOf(right));
      case '>=':
        return say(numberOf(left) >= numberOf(right));
      case '+':
        return String(numberOf(left) + numberOf(right));
      case '-':
        return String(numberOf(left) - numberOf(right));
      case '&&':
      case '||':
        return say(holds(right));
      default:
        throw new ScriptFailure(`no operator ${value.operator}`);
    }
  }
}
