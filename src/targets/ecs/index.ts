export { createEcsTarget } from "./ecsTarget";
