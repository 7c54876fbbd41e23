import type { Row } from '../../../radius/routeros';

/** Whether a row answers the query words of a sentence: `?name=v`, `?name`, `?-name`, `?<name=v`, `?>name=v` and the operators `?#&|!`. */
export function matchesQuery(row: Row, queries: readonly string[]): boolean {
  const stack: boolean[] = [];
  for (const query of queries) {
    if (query.startsWith('#')) operate(stack, query.slice(1));
    else stack.push(test(row, query));
  }
  return stack.every(Boolean);
}

function operate(stack: boolean[], operators: string): void {
  for (const operator of operators) {
    if (operator === '!') stack.push(!stack.pop());
    else {
      const [b, a] = [stack.pop() ?? true, stack.pop() ?? true];
      stack.push(operator === '|' ? a || b : a && b);
    }
  }
}

function test(row: Row, query: string): boolean {
  if (query.startsWith('-')) return !(query.slice(1) in row);
  const compare = /^([<>=]?)([^=]+)=(.*)$/s.exec(query);
  if (!compare) return query in row;
  const [, sign, name = '', value = ''] = compare;
  const has = row[name];
  if (has === undefined) return false;
  if (sign === '<') return Number(has) < Number(value);
  if (sign === '>') return Number(has) > Number(value);
  return has === value;
}
