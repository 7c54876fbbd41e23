/** Lango cannot start or go on: the message is one sentence per fault with its remedy, meant for the operator as it stands. */
export class StartError extends Error {}
