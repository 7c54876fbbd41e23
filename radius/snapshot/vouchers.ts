import type { SnapshotFile } from './snapshot-file';
import type { SnapshotSource } from './source';

const PAGE = 5000;

/** Keeps the unused codes of the file as the database has them. A code that was used leaves with the login that it became. */
export class VoucherKeeper {
  private known: Set<string> | undefined;

  constructor(
    private readonly source: SnapshotSource,
    private readonly file: SnapshotFile,
  ) {}

  /** Takes in new batches and drops those that were voided. */
  async keep(pass: number): Promise<void> {
    this.known ??= new Set(await this.file.batches());
    const wanted = await this.source.batches();
    for (const id of wanted) if (!this.known.has(id)) await this.take(id, pass);
    const still = new Set(wanted);
    for (const id of [...this.known].filter((known) => !still.has(known))) {
      await this.file.dropBatch(id);
      this.known.delete(id);
    }
  }

  /** Asks again what a first login is answered: types of router come, and days end. */
  async renew(pass: number): Promise<void> {
    for (const id of this.known ?? []) await this.answer(id, pass);
  }

  /** The file is another one. */
  forget(): void {
    this.known = undefined;
  }

  private async take(id: string, pass: number): Promise<void> {
    for (let after = ''; ;) {
      const codes = await this.source.codes(id, after, PAGE);
      const last = (JSON.parse(codes) as [number, string][]).at(-1);
      if (!last) break;
      await this.file.addCodes(id, codes);
      after = last[1];
    }
    await this.answer(id, pass);
    await this.file.addBatch(id);
    this.known!.add(id);
  }

  private async answer(id: string, pass: number): Promise<void> {
    const known = { answers: await this.source.batchAnswers(id), certificates: '[]', left: '[]' };
    await this.file.replace([{ tenant_id: '0', username: id }], known, { pass });
  }
}
