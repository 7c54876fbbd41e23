/** What a proof is told. The same seed makes the same plan: the same people, packets, amounts and order of kills. */
export interface ProofInput {
  seed: number;
  /** How long it may go on; each proof ends its round and then stops. */
  minutes: number;
  /** `small` is seconds of work, for the everyday tests. */
  size: 'small' | 'full';
  progress(line: string): void;
}

/** What a proof did and found. A violation is one sentence that names what was expected and what was there. */
export interface ProofResult {
  /** Figures of what was done, by name. */
  done: Record<string, number | string>;
  violations: string[];
}

export interface Proof {
  name: string;
  /** What it shows, in one sentence. */
  shows: string;
  /** Minutes without --minutes. */
  minutes: number;
  run(input: ProofInput): Promise<ProofResult>;
}

/** Collects violations: the first fifty in words, all of them as a number. */
export class Violations {
  readonly found: string[] = [];
  private count = 0;

  add(text: string): void {
    this.count++;
    if (this.count <= 50) this.found.push(text);
    else if (this.count === 51) this.found.push('… and more');
  }

  /** Compares and reports a difference; true when equal. */
  expect(what: string, actual: string | number | bigint, wanted: string | number | bigint): boolean {
    if (actual === wanted) return true;
    this.add(`${what}: ${actual}, expected ${wanted}`);
    return false;
  }
}
