import type { HookEvent, HookKind } from './kind';

/** A call that waits to be worked on. */
export interface Held {
  kind: HookKind;
  event: HookEvent;
  /** It was tried with others, or before: by itself now. */
  alone: boolean;
}

/** Calls that wait, in the order in which they came. */
export interface Line {
  put(call: Held): void;
  putFirst(calls: readonly Held[]): void;
  /** The first call, and with it those behind it that go together with it; with `most` 0 the first that goes alone. None where nothing waits. */
  take(most: number): Held[];
  all(): readonly Held[];
}

/** So far behind the first call its like are looked for. */
const LOOKED_AT = 256;

export const goesTogether = ({ kind, alone }: Held): boolean => !alone && kind.handleTogether !== undefined;

export function createLine(): Line {
  const line: Held[] = [];
  return {
    put: (call) => void line.push(call),
    putFirst: (calls) => void line.unshift(...calls),
    take(most) {
      const at = line.slice(0, LOOKED_AT).findIndex((call) => most > 0 || !goesTogether(call));
      const first = at < 0 ? undefined : line[at];
      if (!first) return [];
      if (!goesTogether(first)) return line.splice(at, 1);
      const taken = line
        .slice(at, at + LOOKED_AT)
        .filter((call) => areLike(first, call))
        .slice(0, most);
      const gone = new Set(taken);
      line.splice(at, LOOKED_AT, ...line.slice(at, at + LOOKED_AT).filter((call) => !gone.has(call)));
      return taken;
    },
    all: () => line,
  };
}

const areLike = (one: Held, other: Held): boolean =>
  goesTogether(other) && one.kind === other.kind && one.event.tenantId === other.event.tenantId;
