/** What a RouterOS script is made of, as parse.ts reads it. */
export type Script = readonly Command[];

export interface Command {
  /** The menu by its words: `['ip', 'firewall', 'filter']`; empty for commands of the root and for `:commands`. */
  menu: readonly string[];
  /** `add`, `set`, `fetch`, or `:if`, `:local` with their colon. */
  name: string;
  args: readonly Argument[];
  line: number;
}

/** `name=value`, or a value without a name. */
export interface Argument {
  name: string | undefined;
  value: Value;
}

export type Value =
  | { kind: 'text'; text: string }
  /** A string with `$…` in it, or words that stand together. */
  | { kind: 'joined'; parts: readonly Value[] }
  | { kind: 'variable'; name: string }
  /** `[command]`: what the command returns. */
  | { kind: 'result'; script: Script }
  /** `{commands}`. */
  | { kind: 'block'; script: Script }
  | { kind: 'unary'; operator: '!' | '-'; of: Value }
  | { kind: 'binary'; operator: string; left: Value; right: Value }
  /** The conditions of `find`. A bare word in them is a property of the row. */
  | { kind: 'where'; of: Value }
  | { kind: 'property'; name: string };

/** What RouterOS says of a script that it cannot read: nothing of it is run. */
export class ScriptSyntaxError extends Error {
  constructor(why: string, line: number, column: number) {
    super(`${why} (line ${line} column ${column})`);
  }
}
