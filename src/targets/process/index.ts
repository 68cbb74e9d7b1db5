export { createProcessTarget } from "./processTarget";
