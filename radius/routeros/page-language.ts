/** What came of a page of a hotspot: its text, and what it says of status and headers. */
export interface RenderedPage {
  body: string;
  status: { code: number; words: string } | undefined;
  headers: [name: string, value: string][];
}

interface Branch {
  /** The text inside goes out. */
  on: boolean;
  /** One branch of this condition was taken. */
  taken: boolean;
  /** What is inside does not go out but sets the status, or a header. */
  sets: { kind: 'status'; code: number } | { kind: 'header'; name: string } | undefined;
  text: string;
}

/**
 * RouterOS' page language: `$(name)`, `$(name-esc)`, `$(if name)`, `$(if name == value)`, `$(if name != value)`, `$(elif …)`, `$(else)`, `$(endif)`; unknown names are
 * empty. `$(if http-status == 302)words$(endif)` and `$(if http-header == "Name")value$(endif)` set instead of asking.
 */
export function renderPage(source: string, valueOf: (name: string) => string): RenderedPage {
  const rendered: RenderedPage = { body: '', status: undefined, headers: [] };
  const stack: Branch[] = [];
  const put = (text: string): void => {
    if (stack.some((branch) => !branch.on)) return;
    const setter = stack.findLast((branch) => branch.sets !== undefined);
    if (setter) setter.text += text;
    else rendered.body += text;
  };
  const close = (branch: Branch | undefined): void => {
    if (branch?.sets === undefined || stack.some((outer) => !outer.on)) return;
    if (branch.sets.kind === 'status') rendered.status = { code: branch.sets.code, words: branch.text.trim() };
    else rendered.headers.push([branch.sets.name, branch.text.trim()]);
  };
  let at = 0;
  for (const match of source.matchAll(/\$\(([^()]*)\)/g)) {
    put(source.slice(at, match.index));
    at = match.index + match[0].length;
    const word = (match[1] ?? '').trim();
    const top = stack.at(-1);
    if (word.startsWith('if ')) stack.push(opened(word.slice(3), valueOf));
    else if (word.startsWith('elif ') && top) turn(top, holds(word.slice(5), valueOf));
    else if (word === 'else' && top) turn(top, true);
    else if (word === 'endif') close(stack.pop());
    else put(variable(word, valueOf));
  }
  put(source.slice(at));
  return rendered;
}

function opened(condition: string, valueOf: (name: string) => string): Branch {
  const { name, sign, value } = parsed(condition);
  if (name === 'http-status' && sign === '==')
    return { on: true, taken: true, sets: { kind: 'status', code: Number(value) }, text: '' };
  if (name === 'http-header' && sign === '==')
    return { on: true, taken: true, sets: { kind: 'header', name: value }, text: '' };
  const on = holds(condition, valueOf);
  return { on, taken: on, sets: undefined, text: '' };
}

function turn(branch: Branch, isTrue: boolean): void {
  branch.on = !branch.taken && isTrue;
  branch.taken ||= branch.on;
}

function holds(condition: string, valueOf: (name: string) => string): boolean {
  const { name, sign, value } = parsed(condition);
  const is = variable(name, valueOf);
  if (sign === '==') return is === value;
  return sign === '!=' ? is !== value : is !== '';
}

function parsed(condition: string): { name: string; sign: string; value: string } {
  const [, name = '', sign = '', value = ''] = /^(\S+)\s*(?:(==|!=)\s*(.*))?$/.exec(condition.trim()) ?? [];
  return { name, sign, value: value.trim().replace(/^(["'])(.*)\1$/, '$2') };
}

function variable(name: string, valueOf: (name: string) => string): string {
  if (!name.endsWith('-esc')) return valueOf(name);
  return encodeURIComponent(valueOf(name.slice(0, -4)))
    .replace(/%20/g, '+')
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
