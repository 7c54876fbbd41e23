export { closeConsoleSession, openConsoleSession, SESSION_TTL_S } from './console-session';
export { signInLookup } from './find-person';
export { discover } from './identity-client';
export { ownHand } from './own-hand';
export { hashPassword } from './password';
export { emailField, newPasswordField, signInInput } from './schema';
export { checkFirst, checkSecond, enter, signIn, type Signer } from './sign-in';
export { endSignIns } from './console-session';
export { passwordFault } from './password-policy';
