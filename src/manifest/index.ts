export { type LoadedManifest, loadManifest, type ManifestOptions, pullManifest, reloadManifest } from "./load";
export type { Manifest } from "./manifest";
export { checkDeploymentPool, parseManifest } from "./parse";
export { manifestSchema } from "./schema";
export { lookupSecret, maskManifest, secretFromParts } from "./secrets";
