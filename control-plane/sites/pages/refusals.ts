/**
 * The sentences by which a guest is refused, as Reply-Message carries them to the router (`access_reasons()`; a test holds the two to each other): a page in another
 * language knows them by these words. Each stands here once; codes with the same sentence share its first.
 */
export const refusals = [
  { code: 'unpaid', said: 'Your package is not active yet. Please pay to get online.' },
  { code: 'expired', said: 'Your package has expired. Please renew to get back online.' },
  { code: 'capped', said: 'Your data bundle is used up. Please top up or renew to get back online.' },
  { code: 'time_used_up', said: 'Your time is used up. Please renew to get back online.' },
  { code: 'outside_hours', said: 'Your package does not work at this hour.' },
  { code: 'suspended', said: 'Your account is suspended. Please contact your provider.' },
  { code: 'paused', said: 'Your package is paused. Resume it to get back online.' },
  { code: 'wrong_mac', said: 'This account is locked to another device. Please contact your provider.' },
  { code: 'too_many_sessions', said: 'This account is already in use on another device.' },
  { code: 'company_closed', said: 'Service is not available. Please contact your provider.' },
  { code: 'wrong_password', said: 'Wrong username or password.' },
  { code: 'two_devices', said: 'This request names two devices. Please sign in on the page of the network.' },
  { code: 'too_many_tries', said: 'Too many wrong tries. Please wait a minute and try again.' },
  { code: 'unsupported_method', said: 'This sign-in method is not supported.' },
] as const;
