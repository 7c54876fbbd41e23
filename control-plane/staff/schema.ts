import { z } from 'zod';

export const emailField = z
  .string('is required')
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email('must be an e-mail address'));
export const newPasswordField = z
  .string('is required')
  .min(8, 'must have at least 8 characters')
  .max(200, 'must have at most 200 characters');

/** What signs in. Bounds only: whether it is right is not for a schema to say. */
export const signInInput = z.object({
  email: z.string('is required').trim().min(1, 'is required').max(254),
  password: z.string('is required').min(1, 'is required').max(200),
  /** Of the person's app, or a recovery code; for people who have a second proof. */
  code: z.string().trim().max(40).optional(),
});

export const refreshInput = z.object({ refreshToken: z.string('is required').min(1, 'is required').max(1000) });

export const tokenPair = z.object({
  token: z.string(),
  refreshToken: z.string(),
  expires_in: z.int().meta({ description: 'seconds' }),
});

const nameField = z.string('is required').trim().min(1, 'is required').max(120, 'must have at most 120 characters');
const roleField = z.string('is required').min(1, 'is required').max(60);

export const newStaffInput = z.object({
  email: emailField,
  name: nameField,
  password: newPasswordField,
  role: roleField,
});
export const staffChangeInput = z.object({
  name: nameField.optional(),
  role: roleField.optional(),
  password: newPasswordField.optional(),
  disabled: z.boolean().optional(),
});

export const staffAnswer = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
  super_admin: z.boolean(),
  state: z.enum(['active', 'disabled']),
  created_at: z.date(),
});
