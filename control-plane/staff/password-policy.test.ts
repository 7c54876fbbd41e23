import { passwordFault } from './password-policy';

describe('what a password must be', () => {
  const about = { minLength: 8, email: 'wanjiku@savannahnet.co.ke', name: 'Grace Wanjiku', company: 'Savannah Net' };
  test.each([
    ['short', 'abc123'],
    ['common', 'password123'],
    ['common', 'P@ssw0rd'],
    ['common', 'Admin-1234!'],
    ['common', '87654321'],
    ['common', 'aaaaaaaaaa'],
    ['personal', 'wanjiku2026'],
    ['personal', 'Savannah#1'],
    [undefined, 'kiboko-mtoni-42'],
    [undefined, 'gate-keeper-7'],
    [undefined, 'long enough'],
  ])('%s: %s', (fault, password) => {
    expect(passwordFault(password, about)).toBe(fault);
  });
});
