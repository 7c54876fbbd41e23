export const settlements = ['nothing', 'money', 'time'] as const;
/** What becomes of what is left when a plan changes now: the end stays and nothing is paid; the wallet evens it out; or it buys time of the new plan. */
export type Settlement = (typeof settlements)[number];
