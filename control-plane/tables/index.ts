/** Lists as each person has set them up: chosen columns and saved views. */
export { listSettings } from './settings';
