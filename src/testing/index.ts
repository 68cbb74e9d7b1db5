export { type OfflineStack, type OfflineStackOptions, offlineStack } from "./offlineStack";
