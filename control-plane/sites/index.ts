/** Sites: the places with a hotspot, their look, what is sold there, and the routers that serve them. */
export { findLogo, findSite, findSiteDoor, listSites, signInHosts, siteOfRouter, type Logo } from './queries';
export { openIdentityProvider, type IdentityProvider } from './identity-provider';
export { changeSite, createSite, removeSite, type SiteOutcome } from './save-site';
export { newSite, siteChange, type NewSite, type Site, type SiteLanguage } from './schema';
