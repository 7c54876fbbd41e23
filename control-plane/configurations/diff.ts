/** One line of a comparison: kept, taken away or put in. */
export interface DiffLine {
  sign: ' ' | '-' | '+';
  text: string;
}

/** Above this many differing lines the shortest way is not looked for any more: all old ones go, all new ones come. */
const MOST_STEPS = 4_000;

/** The shortest way from one text to another, line by line (Myers, An O(ND) Difference Algorithm, 1986, section 3). */
export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail += 1;
  const same = (lines: string[]): DiffLine[] => lines.map((text) => ({ sign: ' ', text }));
  return [
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ];
}

/** How many lines came and went. */
export function countChanges(diff: readonly DiffLine[]): { added: number; removed: number } {
  return {
    added: diff.filter(({ sign }) => sign === '+').length,
    removed: diff.filter(({ sign }) => sign === '-').length,
  };
}

/** What changed with a few lines around it, and the menu that it stands in; null stands for what was left out. */
export function around(diff: readonly DiffLine[], context = 3): (DiffLine | null)[] {
  const near = diff.map((_, at) =>
    diff.slice(Math.max(0, at - context), at + context + 1).some(({ sign }) => sign !== ' '),
  );
  const lastMenu = (at: number): number => diff.slice(0, at + 1).findLastIndex(({ text }) => text.startsWith('/'));
  const menus = new Set(near.flatMap((yes, at) => (yes ? [lastMenu(at)] : [])));
  const shown: (DiffLine | null)[] = [];
  diff.forEach((line, at) => {
    if (near[at] || menus.has(at)) shown.push(line);
    else if (shown.at(-1) !== null && shown.length > 0) shown.push(null);
  });
  if (shown.at(-1) === null) shown.pop();
  return shown;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

function middle(a: string[], b: string[]): DiffLine[] {
  const all = (): DiffLine[] => [
    ...a.map((text): DiffLine => ({ sign: '-', text })),
    ...b.map((text): DiffLine => ({ sign: '+', text })),
  ];
  if (a.length === 0 || b.length === 0) return all();
  const most = Math.min(MOST_STEPS, a.length + b.length);
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let d = 0; d <= most; d++) {
    trace.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
      let x = down ? (furthest.get(k + 1) ?? 0) : (furthest.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(trace, a, b);
    }
  }
  return all();
}

function walkBack(trace: Map<number, number>[], a: string[], b: string[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d--) {
    const furthest = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1;
    const [fromX, fromY] = [furthest.get(from) ?? 0, (furthest.get(from) ?? 0) - from];
    while (x > fromX && y > fromY && x > 0 && y > 0) lines.push({ sign: ' ', text: a[(y--, --x)] ?? '' });
    if (d === 0) break;
    if (down) lines.push({ sign: '+', text: b[--y] ?? '' });
    else lines.push({ sign: '-', text: a[--x] ?? '' });
  }
  return lines.toReversed();
}
