export { createContainerInstancesTarget } from "./aciTarget";
