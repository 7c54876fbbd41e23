export { closeConsoleSession, openConsoleSession, SESSION_TTL_S } from './console-session';
export { signInLookup } from './find-person';
export { hashPassword } from './password';
export { emailField, newPasswordField, signInInput } from './schema';
export { signIn } from './sign-in';
