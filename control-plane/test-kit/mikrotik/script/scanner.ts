import { ScriptSyntaxError, type Script } from './syntax';

/** A place in the text of a script. */
export class Scanner {
  at = 0;
  /** @param commands reads the commands of `[…]` and `{…}` inside a value, up to the bracket that ends them */
  constructor(
    readonly text: string,
    readonly commands: (scanner: Scanner, menu: readonly string[], end: string) => Script,
  ) {}

  get char(): string {
    return this.text[this.at] ?? '';
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  get line(): number {
    return this.text.slice(0, this.at).split('\n').length;
  }

  /** Whether the text goes on with these words; takes them if so. */
  take(words: string): boolean {
    if (!this.text.startsWith(words, this.at)) return false;
    this.at += words.length;
    return true;
  }

  /** What matches here, taken; undefined if nothing does. The expression must be sticky. */
  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text)?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    return found;
  }

  looksAt(expression: RegExp): boolean {
    expression.lastIndex = this.at;
    return expression.test(this.text);
  }

  /** Blanks, and a line that a backslash continues. */
  blanks(): void {
    this.match(/(?:[ \t\r]|\\\r?\n)*/y);
  }

  /** Blanks, ends of commands and comments. */
  gaps(): void {
    this.match(/(?:[ \t\r\n;]|\\\r?\n|(?<=^|[\n;{}]\s*)#[^\n]*)*/my);
  }

  expect(word: string): void {
    if (!this.take(word)) this.fail(word === '' ? 'syntax error' : `expected ${word}`);
  }

  fail(why: string): never {
    const column = this.at - this.text.lastIndexOf('\n', this.at - 1);
    throw new ScriptSyntaxError(why, this.line, column);
  }
}
