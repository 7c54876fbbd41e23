import { importsOf, sourceFiles, textOf, type Import } from './source';

/** Slices that may look into any other and that nobody looks into: they show, they own nothing. */
const lookingSlices = new Set(['admin', 'portal', 'reports', 'search', 'health']);
const foundations = new Set(['platform', 'ui', 'cli', 'scenarios', 'test-kit']);
/** Files that put the parts together and may import anything. */
const assembly = /^control-plane\/[^/]+\.ts$/;

/** What is wrong and what to do, one sentence each. Empty when every file imports only what it may. */
export function importFaults(files: string[] = sourceFiles(), read: (file: string) => string = textOf): string[] {
  const faults: string[] = [];
  const edges = new Map<string, Set<string>>();
  for (const file of files) {
    const text = read(file);
    const imports = importsOf(file, text);
    faults.push(...imports.flatMap((one) => faultsOf(file, one)), ...textFaults(file, text));
    if (!isTest(file)) addEdges(edges, file, imports);
  }
  return [...faults, ...circles(edges)];
}

/** Tests and what only tests use may reach anywhere. */
function isTest(file: string): boolean {
  return /\.test\.ts$|\/test-kit\/|\/scenarios\/|\/testing\//.test(file);
}

function sliceOf(file: string): string | undefined {
  const name = /^control-plane\/([^/]+)\//.exec(file)?.[1];
  return name === undefined || foundations.has(name) ? undefined : name;
}

function faultsOf(file: string, { file: target, from }: Import): string[] {
  const say = (rule: string): string[] => [`${file} imports ${from}: ${rule}`];
  if (target === undefined) {
    const mayKnowExpress =
      file.endsWith('.routes.ts') ||
      file.startsWith('control-plane/platform/http/') ||
      assembly.test(file) ||
      isTest(file);
    return from === 'express' && !mayKnowExpress ? say('Express stays in *.routes.ts and platform/http.') : [];
  }
  if (isTest(file)) return [];
  if (/\/(test-kit|scenarios)\//.test(target) && !file.startsWith('control-plane/cli/'))
    return say('the product does not use what is made for tests.');
  if (file.startsWith('radius/packet/') && !target.startsWith('radius/packet/'))
    return say('radius/packet imports nothing of ours.');
  if (file.startsWith('radius/') && target.startsWith('control-plane/'))
    return say('radius never imports the control plane; take it as an option.');
  const mine = sliceOf(file);
  const theirs = sliceOf(target);
  if (/^control-plane\/(platform|ui)\//.test(file) && theirs !== undefined)
    return say('platform and ui know no slice; take it as an option.');
  if (file.startsWith('control-plane/platform/') && target.startsWith('control-plane/ui/'))
    return say('platform does not know the ui.');
  if (theirs === undefined || theirs === mine) return [];
  if (lookingSlices.has(theirs) && !assembly.test(file) && !file.startsWith('control-plane/cli/'))
    return say(`nobody imports ${theirs}.`);
  const deep = !/^control-plane\/[^/]+\/index\.ts$/.test(target);
  return deep && mine !== undefined && !lookingSlices.has(mine)
    ? say(`use ${theirs}/index.ts, the only door of that slice.`)
    : [];
}

function textFaults(file: string, text: string): string[] {
  const reads = /\bprocess\.env\b/.test(text);
  const may = file === 'control-plane/platform/config.ts' || file.startsWith('control-plane/cli/') || isTest(file);
  return reads && !may ? [`${file} reads process.env: the environment is read in platform/config.ts alone.`] : [];
}

function addEdges(edges: Map<string, Set<string>>, file: string, imports: Import[]): void {
  const mine = sliceOf(file);
  if (mine === undefined) return;
  for (const { file: target } of imports) {
    const theirs = target === undefined ? undefined : sliceOf(target);
    if (theirs === undefined || theirs === mine) continue;
    edges.set(mine, (edges.get(mine) ?? new Set()).add(theirs));
  }
}

/** Slices that import each other in a circle, each circle once. */
function circles(edges: Map<string, Set<string>>): string[] {
  const found = new Map<string, string>();
  const walk = (slice: string, path: string[]): void => {
    const at = path.indexOf(slice);
    if (at >= 0) {
      const circle = path.slice(at);
      const key = [...circle].sort().join();
      const whole = found.get(key);
      found.set(
        key,
        whole ??
          `${[...circle, slice].join(' → ')}: slices import each other in a circle; move what both need into one of them.`,
      );
      return;
    }
    for (const next of edges.get(slice) ?? []) walk(next, [...path, slice]);
  };
  for (const slice of edges.keys()) walk(slice, []);
  return [...found.values()];
}
