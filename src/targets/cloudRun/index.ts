export { createCloudRunTarget } from "./cloudRunTarget";
