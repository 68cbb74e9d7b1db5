// For the declaring half, which takes from this one only what is about manifests and templates.
export { suggestion } from "../nearest";
