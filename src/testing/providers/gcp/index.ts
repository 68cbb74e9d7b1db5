export { type GcpProviderOptions, gcpProvider } from "./gcpProvider";
