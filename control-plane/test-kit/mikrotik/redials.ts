import type { Login } from './applicants';
import type { RouterClock } from './clock';

/** Devices that dial again after they were cut off or refused, each after its own pause. */
export class Redials {
  private readonly waiting = new Set<() => void>();
  private closed = false;

  constructor(
    private readonly clock: RouterClock,
    private readonly dial: (login: Login) => Promise<unknown>,
  ) {}

  later(login: Login): void {
    const { redial_ms } = login.options;
    if (redial_ms === undefined || this.closed) return;
    const cancel = this.clock.after(redial_ms, () => {
      this.waiting.delete(cancel);
      // Only a socket that cannot be opened ends here; the device tries again like after any failure.
      void this.dial(login).catch(() => this.later(login));
    });
    this.waiting.add(cancel);
  }

  /** Nobody dials again any more; those who are cut off later may. */
  cancel(): void {
    for (const cancel of this.waiting) cancel();
    this.waiting.clear();
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }
}
