/** The walled garden: the page that customers are led to who must pay first. */
export { findPage, type GardenPage } from './queries';
