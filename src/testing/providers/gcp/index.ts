export { type GcpProviderOptions, startGcpProvider } from "./gcpProvider";
