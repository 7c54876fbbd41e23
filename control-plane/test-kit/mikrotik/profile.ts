/** RouterOS versions whose behaviour towards RADIUS differs. */
export type RouterOsVersion = '6.49' | '7.10' | '7.14' | '7.15' | '7.18';

export interface Profile {
  version: RouterOsVersion;
  /**
   * From 7.15 on, Message-Authenticator is the last attribute of everything but accounting, and an Accept, Reject or
   * Challenge without a valid one is dropped (`require-message-auth=yes-for-request-resp`, the default).
   */
  messageAuthenticator: boolean;
  /** Replies to CoA and Disconnect name the router; seen on version 6 although its changelog says that it was removed. */
  identityInCoaReply: boolean;
  /** The API says `!empty` when a print found nothing, which older clients did not expect. */
  emptyInApi: boolean;
}

const PROFILES: Record<RouterOsVersion, Profile> = {
  '6.49': { version: '6.49', messageAuthenticator: false, identityInCoaReply: true, emptyInApi: false },
  '7.10': { version: '7.10', messageAuthenticator: false, identityInCoaReply: false, emptyInApi: false },
  '7.14': { version: '7.14', messageAuthenticator: false, identityInCoaReply: false, emptyInApi: false },
  '7.15': { version: '7.15', messageAuthenticator: true, identityInCoaReply: false, emptyInApi: false },
  '7.18': { version: '7.18', messageAuthenticator: true, identityInCoaReply: false, emptyInApi: true },
};

/** How a RouterOS version behaves. */
export function profileOf(version: RouterOsVersion): Profile {
  return PROFILES[version];
}
