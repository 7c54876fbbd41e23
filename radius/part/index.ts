/** What every part (a process with a role) does alike: hears of changes in the database, follows what it must know, keeps its plans right, writes its log. */
export { Followed, type FollowedOptions } from './followed';
export { Gathering } from './gathering';
export { innerAddress } from './inner-address';
export { listenOn } from './listening';
export { NasReader } from './nas-reader';
export { RateLimit, type PartLog } from './log';
export { Notices, type NoticesOptions } from './notices';
export { keyedPlans, SlowPlans } from './plans';
