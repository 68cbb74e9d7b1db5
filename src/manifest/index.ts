export { type LoadedManifest, loadManifest, type ManifestOptions, pullManifest, reloadManifest } from "./loadManifest";
export type { Manifest } from "./manifest";
export { checkDeploymentPool, parseManifest, serverTemplate } from "./parseManifest";
export { manifestSchema } from "./schemaFault";
export { lookupSecret, maskManifest, secretFromParts } from "./secrets";
